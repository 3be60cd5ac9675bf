// Chooses among the audio tracks that a file holds; fetched only by browsers that tell of them.

import { type ElementAdapter, names } from './element.js';

interface ElementAudioTrack {
  label: string;
  language: string;
  enabled: boolean;
}

type WithAudioTracks = HTMLVideoElement & { audioTracks?: ArrayLike<ElementAudioTrack> };

/** Plays the audio track `id` of the player's media, if the file has it. */
export function choose({ media, video }: ElementAdapter, id: string | null): void {
  const wanted = media?.audio_tracks.find((track) => track.id === id);
  const tracks = Array.from((video as WithAudioTracks).audioTracks ?? []);
  const chosen = wanted && tracks.find((track) => names(track, wanted));
  if (chosen) for (const track of tracks) track.enabled = track === chosen;
}
