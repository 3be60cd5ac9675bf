// Tells what of a source this browser can't play, before it is tried; an entry of its own, `playhead-sdk/shortfall`.

import type { Delivery, Source } from '../wire.js';
import { MIXED_SENTENCE, isMixed } from './mixed.js';

/** What is missing here: the picture, the sound, all of it, or the permission to load it on this page. */
export type ShortfallCode = 'picture_unsupported' | 'sound_unsupported' | 'format_unsupported' | 'mixed_content' | 'cors_missing';

/** What a person misses who watches a source in this browser. */
export interface Shortfall {
  code: ShortfallCode;
  /** The names of the codecs that this browser lacks, such as `Dolby Digital`; empty for `mixed_content` and `cors_missing`. */
  codecs: string[];
  /** A sentence for people. */
  detail: string;
}

export interface ShortfallOptions {
  /** Whether this browser plays a media type with its codecs; asks a media element and Media Source Extensions by default. */
  canPlay?: (type: string) => boolean;
  /** The address of the page; its own by default. */
  pageUrl?: string;
  /** Whether HLS is played by hls.js, which needs Media Source Extensions, and not by the browser, which needs no CORS. */
  usesHlsJs?: boolean;
}

/** Returns what this browser lacks for `source`, or null if nothing is known to be missing. */
export function findShortfall(
  source: Pick<Source, 'delivery' | 'renditions'>,
  { canPlay = canPlayHere, pageUrl = location.href, usesHlsJs = hasMediaSource() }: ShortfallOptions = {},
): Shortfall | null {
  const delivery = source.delivery.find(({ type }) => type === 'file' || type === 'hls');
  if (!delivery) return null;
  if (isMixed(delivery.url, pageUrl)) return shortfall('mixed_content', []);
  if (usesHlsJs && isForbidden(delivery, pageUrl)) return shortfall('cors_missing', []);
  const lists = codecLists(delivery, source.renditions);
  const missing = lists.map((codecs) => missingOf(codecs, canPlay));
  // A player takes the qualities that it can play. One whose codecs aren't known may be among them.
  if (missing.length === 0 || missing.some((one) => one === null)) return null;
  return missing[0] ?? null;
}

/** Whether no page of another origin may read a playlist or its pieces. */
function isForbidden({ type, cors, url }: Delivery, pageUrl: string): boolean {
  return type === 'hls' && cors === 'missing' && new URL(url, pageUrl).origin !== new URL(pageUrl).origin;
}

/** The codecs of a file, or of each quality of a playlist. */
function codecLists({ type, codecs }: Delivery, renditions: Source['renditions']): string[][] {
  const stated = type === 'hls' && renditions.length > 0 ? renditions.map((rendition) => rendition.codecs) : [codecs];
  return stated.map((list) => (list ?? '').split(',').map((codec) => codec.trim()).filter(Boolean));
}

function missingOf(stated: string[], canPlay: (type: string) => boolean): Shortfall | null {
  const codecs = stated.map(modern);
  const [sounds, pictures] = [codecs.filter(isSound), codecs.filter((codec) => !isSound(codec))];
  // Of several sounds, players take one that they can play.
  const [lost, unseen] = [sounds, pictures].map((all) => (all.some((codec) => plays(codec, canPlay)) ? [] : all));
  const names = [...new Set([...unseen!, ...lost!].map(nameOf))];
  if (names.length === 0) return null;
  if (lost!.length === sounds.length && unseen!.length === pictures.length) return shortfall('format_unsupported', names);
  return shortfall(lost!.length > 0 ? 'sound_unsupported' : 'picture_unsupported', names);
}

function shortfall(code: ShortfallCode, codecs: string[]): Shortfall {
  const named = codecs.join(', ');
  const details: Record<ShortfallCode, string> = {
    picture_unsupported: `This browser can’t play this film’s picture (${named}). Others may see it.`,
    sound_unsupported: `This browser can’t play this film’s sound (${named}). Others may hear it.`,
    format_unsupported: `This browser can’t play this film (${named}). Another browser may.`,
    mixed_content: `${MIXED_SENTENCE} Use an https link.`,
    cors_missing: 'The site that hosts this video doesn’t allow other pages to play it (it sends no CORS headers). Another link may work.',
  };
  return { code, codecs, detail: details[code] };
}

const SOUND =
  /^(mp4a|ac-[34]|ec-3|dts|mlp|opus|vorbis|flac|alac|mp[123]$|speex|truehd|wma|[if]?pcm|samr|sawb|wavpack|tta1|ima4|(quicktime\.)?qdm|apac|mh[am][12]|iamf|[\da-f]{1,4}$)/i;
/** Samples that are hardly coded, under the names of QuickTime and Matroska and the numbers of WAV. */
const PLAIN_SAMPLES = /^(pcm|sowt|twos|lpcm|in24|in32|fl32|fl64|raw|alaw|ulaw|[1367])$/i;

function isSound(codec: string): boolean {
  return SOUND.test(codec) || PLAIN_SAMPLES.test(codec);
}

/** What a browser is asked for a codec whose profile isn't known. */
const TYPICAL: Record<string, string> = {
  avc1: 'avc1.42E01E',
  hvc1: 'hvc1.1.6.L93.B0',
  hev1: 'hev1.1.6.L93.B0',
  av01: 'av01.0.04M.08',
  vp09: 'vp09.00.10.08',
  vp08: 'vp8',
  mp4a: 'mp4a.40.2',
  'mp4v.20': 'mp4v.20.9',
};
const CONTAINERS = ['video/mp4', 'video/webm', 'audio/mpeg', 'audio/wav', 'video/ogg', 'audio/flac', 'video/quicktime'];

/** The layers of MPEG audio by the object types of MPEG-4. */
const LAYERS: Record<string, string> = { 'mp4a.40.33': 'mp2', 'mp4a.40.34': 'mp3' };

/** Returns the name that browsers know of one from before RFC 6381, which hls.js translates as well. */
function modern(codec: string): string {
  const [, profile, level] = /^avc1\.(\d+)\.(\d+)$/.exec(codec) ?? [];
  if (profile === undefined || level === undefined) return LAYERS[codec] ?? codec;
  const hex = (number: string, digits: number) => Number(number).toString(16).padStart(digits, '0');
  return `avc1.${hex(profile, 2)}${hex(level, 4)}`;
}

function plays(codec: string, canPlay: (type: string) => boolean): boolean {
  const asked = PLAIN_SAMPLES.test(codec) ? '1' : (TYPICAL[codec] ?? codec);
  return CONTAINERS.some((container) => canPlay(`${container}; codecs="${asked}"`));
}

function hasMediaSource(): boolean {
  return 'MediaSource' in globalThis || 'ManagedMediaSource' in globalThis;
}

function canPlayHere(type: string): boolean {
  return document.createElement('video').canPlayType(type) !== '' || !!globalThis.MediaSource?.isTypeSupported(type);
}

const NAMES: [RegExp, string][] = [
  [/^(hvc|hev)1/, 'HEVC'],
  [/^dv/, 'Dolby Vision'],
  [/^avc/, 'H.264'],
  [/^av01/, 'AV1'],
  [/^vp0?8/, 'VP8'],
  [/^vp0?9/, 'VP9'],
  [/^mp4v\.6[A0-5]/, 'MPEG-2'],
  [/^(mp4v|xvid|divx|dx50)/i, 'MPEG-4 Visual'],
  [/^apac/, 'Apple Positional Audio'],
  [/^(ap[a-z0-9]{2}|prores)$/, 'ProRes'],
  [/^(m?jpe?g|mjp)/i, 'Motion JPEG'],
  [/^theora/, 'Theora'],
  [/^ac-3/, 'Dolby Digital'],
  [/^ec-3/, 'Dolby Digital Plus'],
  [/^ac-4/, 'Dolby AC-4'],
  [/^(mlpa|truehd)/, 'Dolby TrueHD'],
  [/^dts/, 'DTS'],
  [/^alac/, 'Apple Lossless'],
  [/^mp4a/, 'AAC'],
  [/^(samr|sawb)/, 'AMR'],
  [/^wavpack/, 'WavPack'],
  [/^mh[am]/, 'MPEG-H Audio'],
  [/^(quicktime\.)?qdm/i, 'QDesign Music'],
  [/^mp([12])$/, 'MPEG audio layer $1'],
];

/** The formats of WAV by their numbers, in hexadecimal, as RFC 2361 writes them. */
const WAV_FORMATS = new Map([
  ['1', 'PCM'],
  ['2', 'MS ADPCM'],
  ['3', 'floating-point PCM'],
  ['6', 'A-law'],
  ['7', 'µ-law'],
  ['11', 'IMA ADPCM'],
  ['20', 'Yamaha ADPCM'],
  ['31', 'GSM 6.10'],
  ['40', 'G.721'],
  ['50', 'MPEG audio layer 2'],
  ['55', 'MPEG audio layer 3'],
  ['ff', 'AAC'],
  ['160', 'Windows Media Audio'],
  ['161', 'Windows Media Audio'],
  ['162', 'Windows Media Audio Professional'],
  ['163', 'Windows Media Audio Lossless'],
  ['2000', 'Dolby Digital'],
  ['2001', 'DTS'],
  ['f1ac', 'FLAC'],
]);

function nameOf(codec: string): string {
  const format = WAV_FORMATS.get(codec);
  if (format !== undefined) return format;
  const known = NAMES.find(([pattern]) => pattern.test(codec));
  if (!known) return codec.toUpperCase();
  const found = known[0].exec(codec);
  return known[1].replace('$1', found?.[1] ?? '');
}
