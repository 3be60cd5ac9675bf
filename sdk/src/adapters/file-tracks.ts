// Selects among the tracks that a file holds; fetched only where an element tells of some.

import type { ElementAdapter } from './element.js';

interface ElementAudioTrack {
  label: string;
  language: string;
  enabled: boolean;
}

type WithAudioTracks = HTMLVideoElement & { audioTracks?: ArrayLike<ElementAudioTrack> };

/** A track of the media or of the element. */
interface Named {
  label: string;
  language?: string | null;
}

/** Shows the text track `id` of the player's media, or none for null. */
export function showText({ media, video }: ElementAdapter, id: string | null): void {
  const wanted = media?.text_tracks.find((track) => track.id === id);
  for (const track of Array.from(video.textTracks)) {
    track.mode = wanted && names(track, wanted) ? 'showing' : 'disabled';
  }
}

/** Plays the audio track `id` of the player's media, if the file has it. */
export function playAudio({ media, video }: ElementAdapter, id: string | null): void {
  const wanted = media?.audio_tracks.find((track) => track.id === id);
  const tracks = Array.from((video as WithAudioTracks).audioTracks ?? []);
  const chosen = wanted && tracks.find((track) => names(track, wanted));
  if (chosen) for (const track of tracks) track.enabled = track === chosen;
}

/** Whether an element's track is the selected one. */
function names(track: Named, wanted: Named): boolean {
  return track.label === wanted.label && (!wanted.language || track.language === wanted.language);
}
