// Finds the tracks and levels of hls.js that the room has selected.

import type { AudioTrack, Media, Rendition, TextTrack } from '../wire.js';
import type { Selections } from './adapter.js';

/** A subtitle or audio track of hls.js: those of the level that it plays, in the playlist's order. */
export interface HlsTrack {
  name?: string;
  lang?: string;
  groupId?: string;
  /** The element's track that shows it. */
  trackNode?: { track: globalThis.TextTrack };
}

/** A level of hls.js, lowest first. */
export interface HlsLevel {
  height?: number;
  bitrate?: number;
  /** The groups whose audio tracks can be played with it; without any, each can. */
  audioGroups?: (string | undefined)[];
}

/** Captions that are part of the picture, as the playlist names them. */
export interface HlsCaptions {
  name?: string;
  instreamId?: string;
}

type Listed = Pick<AudioTrack, 'label' | 'language' | 'entries'>;

/**
 * Returns the index of a track, or -1. Names don't tell tracks apart, and hls.js may read them otherwise than the
 * server; what does is the place in the playlist.
 */
export function indexOfTrack(tracks: readonly HlsTrack[], wanted: Listed | undefined): number {
  if (wanted === undefined) return -1;
  const counts = new Map<string, number>();
  const placed = tracks.findIndex(({ groupId = '' }) => {
    const index = counts.get(groupId) ?? 0;
    counts.set(groupId, index + 1);
    return wanted.entries?.some((entry) => entry.group === groupId && entry.index === index);
  });
  if (placed >= 0) return placed;
  const sameLanguage = ({ lang }: HlsTrack) => !wanted.language || lang === wanted.language;
  const exact = tracks.findIndex((track) => track.name === wanted.label && sameLanguage(track));
  return exact >= 0 || !wanted.language ? exact : tracks.findIndex(sameLanguage);
}

/**
 * Numbers tracks of one name and group. hls.js tells tracks apart by name: of two with one name, it would go on with what
 * it has loaded of the first, and return to the first with the next level.
 */
export function numberNames(tracks: readonly HlsTrack[]): void {
  const counts = new Map<string, number>();
  for (const track of tracks) {
    const named = JSON.stringify([track.groupId, track.name, track.lang]);
    const count = (counts.get(named) ?? 0) + 1;
    counts.set(named, count);
    if (count > 1) track.name = `${track.name} (${count})`;
  }
}

/** Returns the text track to show: the selected one, or else the forced one in the language of the audio. */
export function shownText(media: Media | null, { textTrack, audioTrack }: Selections): TextTrack | undefined {
  if (textTrack !== null) return media?.text_tracks.find((track) => track.id === textTrack);
  const audios = media?.audio_tracks ?? [];
  const audio = audios.find((track) => track.id === audioTrack) ?? audios.find((track) => track.default) ?? audios[0];
  const language = primary(audio?.language);
  const suits = (track: TextTrack) => track.kind === 'forced' && primary(track.language) === language;
  return language === undefined ? undefined : media?.text_tracks.find(suits);
}

/** `en` of `en-GB`. */
function primary(language: string | null | undefined): string | undefined {
  return language?.split('-')[0]?.toLowerCase();
}

/** Where hls.js should play: at one level, or at any up to one; `-1` leaves either open. */
export interface LevelChoice {
  pinned: number;
  cap: number;
}

/**
 * Returns the levels for a rendition and an audio track. If not all levels have the track, it comes first: the wrong
 * language is worse than another quality.
 */
export function chooseLevels(
  levels: readonly HlsLevel[],
  rendition: Rendition | undefined,
  audio: AudioTrack | undefined,
  bitsPerSecond: number,
): LevelChoice {
  const having = levels.filter((level) => plays(level, audio));
  const among = having.length === 0 ? levels : having;
  const all = among.length === levels.length;
  const pinned = nearest(among, rendition, false) ?? (all ? undefined : nearest(among, rendition, true));
  if (pinned !== undefined) return { pinned: levels.indexOf(pinned), cap: -1 };
  if (all) return { pinned: -1, cap: -1 };
  const cap = among.length - 1;
  if (among.every((level, index) => level === levels[index])) return { pinned: -1, cap };
  const fitting = [...among].reverse().find(({ bitrate }) => (bitrate ?? 0) <= bitsPerSecond);
  return { pinned: levels.indexOf(fitting ?? among[0]!), cap: -1 };
}

function plays({ audioGroups }: HlsLevel, audio: AudioTrack | undefined): boolean {
  if (!audioGroups || !audio?.entries?.length) return true;
  return audio.entries.some(({ group }) => audioGroups.includes(group));
}

/** The level that is a rendition; if `any`, the one whose bit rate comes nearest. */
function nearest(levels: readonly HlsLevel[], wanted: Rendition | undefined, any: boolean): HlsLevel | undefined {
  if (wanted === undefined) return undefined;
  const distances = levels.map(({ height, bitrate }) => {
    const otherHeight = wanted.height != null && height !== undefined && height !== wanted.height;
    const apart = Math.abs((bitrate ?? 0) - (wanted.bitrate_bps ?? bitrate ?? 0));
    return otherHeight && !any ? Infinity : apart;
  });
  const least = Math.min(...distances);
  return Number.isFinite(least) ? levels[distances.indexOf(least)] : undefined;
}

/** The number of a channel, as hls.js reads it: `CC1` and `SERVICE1` are one. */
function numberOf(channel: string | null | undefined): string | undefined {
  return /(?:CC|SERVICE)([1-4])/.exec(channel ?? '')?.[1];
}

/**
 * Shows captions that are part of the picture, or none. hls.js makes an element's track for each number of a channel once
 * it meets captions there, with the last name that the playlist gives that number.
 */
export function showCaptions(
  video: HTMLMediaElement,
  subtitles: readonly HlsTrack[],
  captions: readonly HlsCaptions[],
  wanted: TextTrack | undefined,
): void {
  const own = new Set(subtitles.map(({ trackNode }) => trackNode?.track));
  const made = Array.from(video.textTracks).filter((track) => track.kind === 'captions' && !own.has(track));
  const number = numberOf(wanted?.channel);
  const named = captions.filter(({ instreamId }) => number !== undefined && numberOf(instreamId) === number).at(-1);
  const chosen = named && made.find(({ label }) => label === named.name);
  for (const track of made) {
    const mode = track === chosen ? 'showing' : 'hidden';
    if (track.mode !== mode) track.mode = mode;
  }
}
