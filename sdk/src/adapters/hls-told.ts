// Playlists whose durations are far off, stretched to the media before hls.js reads them.
//
// hls.js loads the piece that the playlist has at a time. Where all durations are wrong by a factor, that is a piece far
// from the right one, and each jump leads elsewhere. What was loaded says where pieces really lie: with the playlist
// stretched to that, hls.js loads the right one.

import type { Media } from '../wire.js';
import type { HlsFragment } from './hls-timestamps.js';

/** A playlist that is off by less leads near enough. */
const FAR_MS = 2_000;
/** So is one that is off by a smaller part of the position. */
const FAR_PART = 0.2;
/** A piece is believed if its own duration is as wrong as all before it together, within this part; else the timestamps jump. */
const UNLIKE_PART = 0.25;
/** Durations aren't off by more than this factor. */
const FACTOR_MOST = 10;

/** A time that the playlist states, and the position of the media there, in milliseconds. */
interface Pin {
  told: number;
  at: number;
}

/** When the pieces of a playlist begin, as it tells, and the number of the first. */
interface List {
  firstSn: number;
  startsMs: number[];
}

const START: Pin = { told: 0, at: 0 };

/** Notes where the pieces of a film lie, and stretches its playlists to that. */
export class ToldDurations {
  /** Where pieces were found, ascending. */
  #pins: Pin[] = [START];
  /** What the playlist was stretched by that hls.js has. */
  #used: Pin[] = [START];
  /** The playlists that were read, by their addresses. */
  readonly #lists = new Map<string, List>();
  #isKnown = false;
  #durationMs: number | null = null;
  /** The length that the newest playlist of the picture tells. */
  #toldMs = 0;

  /** Takes what is known of a film. Only one that counts timestamps from a single origin is stretched. */
  learn({ timeline, duration_ms: durationMs, live }: Media): void {
    this.#isKnown = !live && timeline?.kind === 'media' && timeline.origins.length === 1;
    this.#durationMs = durationMs ?? null;
  }

  /** Notes the positions between which a piece lies, in milliseconds. */
  found({ sn, baseurl }: HlsFragment, fromMs: number, untilMs: number): void {
    const list = this.#lists.get(baseurl ?? '');
    if (!this.#isKnown || list === undefined || sn === 'initSegment') return;
    const [told, toldEnd] = list.startsMs.slice(sn - list.firstSn);
    if (told === undefined || toldEnd === undefined) return;
    const factor = untilMs / toldEnd;
    const own = (untilMs - fromMs) / (toldEnd - told);
    if (!(factor <= FACTOR_MOST && factor >= 1 / FACTOR_MOST && Math.abs(own / factor - 1) <= UNLIKE_PART)) return;
    this.#pin({ told, at: fromMs });
    this.#pin({ told: toldEnd, at: untilMs });
  }

  /** Whether the playlist leads hls.js far from a position, and would lead it nearer if it were read again. */
  isWrongAt(positionMs: number): boolean {
    const placed = ({ told }: Pin) => along(this.#used, told, 'told', 'at');
    const told = along(this.#pins, positionMs, 'at', 'told');
    const offMs = Math.abs(placed({ told, at: positionMs }) - positionMs);
    const isFar = offMs > Math.max(FAR_MS, positionMs * FAR_PART);
    return isFar && this.#pins.some((pin) => Math.abs(placed(pin) - pin.at) > FAR_MS);
  }

  /** Returns a playlist as hls.js is to read it; `type` is what hls.js loads it as. */
  stretched(text: string, url: string, type: string): string {
    const list = this.#isKnown ? listOf(text) : undefined;
    if (list === undefined) return text;
    const endMs = list.startsMs.at(-1)!;
    if (type === 'manifest' || type === 'level') this.#begin(list, url);
    // What is told otherwise is wrong in another way, or right.
    else if (Math.abs(endMs - this.#toldMs) > endMs * FAR_PART) return text;
    if (this.#used.length === 1) return text;
    let index = 0;
    return text.replace(EXTINF, (_all, name: string) => {
      const [fromMs, untilMs] = [list.startsMs[index]!, list.startsMs[++index]!].map((told) => along(this.#used, told, 'told', 'at'));
      return `${name}${((untilMs! - fromMs!) / 1_000).toFixed(6)}`;
    });
  }

  /** Takes over what was found until now for a playlist of the picture that is read. */
  #begin(list: List, url: string): void {
    this.#lists.set(url, list);
    this.#toldMs = list.startsMs.at(-1)!;
    this.#used = [...this.#pins];
    const durationMs = this.#durationMs ?? this.#toldMs;
    const lastMs = this.#pins.at(-1)!;
    const isFar = Math.abs(durationMs - this.#toldMs) > Math.max(FAR_MS, durationMs * FAR_PART);
    // A length that isn't the playlist's was measured.
    if (isFar && this.#toldMs > lastMs.told && durationMs > lastMs.at) this.#used.push({ told: this.#toldMs, at: durationMs });
  }

  /** The newest pin replaces those that contradict it. */
  #pin(pin: Pin): void {
    if (pin.told <= 0 || pin.at <= 0) return;
    const before = this.#pins.filter(({ told, at }) => told < pin.told && at < pin.at);
    const behind = this.#pins.filter(({ told, at }) => told > pin.told && at > pin.at);
    this.#pins = [...before, pin, ...behind];
  }
}

const EXTINF = /^(#EXTINF:\s*)(\d*(?:\.\d+)?)/gm;

/** Reads the durations of a playlist; undefined for one without, for a live one, and for one of several timelines. */
function listOf(text: string): List | undefined {
  if (!/^#EXT-X-ENDLIST/m.test(text) || /^#EXT-X-DISCONTINUITY\s*$/m.test(text)) return undefined;
  const startsMs = [0];
  for (const [, , seconds] of text.matchAll(EXTINF)) startsMs.push(startsMs.at(-1)! + Number(seconds) * 1_000);
  const firstSn = Number(/^#EXT-X-MEDIA-SEQUENCE:\s*(\d+)/m.exec(text)?.[1] ?? 0);
  return startsMs.length > 1 ? { firstSn, startsMs } : undefined;
}

/**
 * Converts between stated and real times: interpolates between two pins, and beyond the last one continues at the
 * overall ratio.
 */
function along(pins: Pin[], value: number, by: keyof Pin, to: keyof Pin): number {
  const next = pins.findIndex((pin) => pin[by] > value);
  const [below, above] = next < 0 ? [START, pins.at(-1)!] : [pins[next - 1] ?? START, pins[next]!];
  if (above[by] === below[by]) return value;
  return below[to] + ((value - below[by]) * (above[to] - below[to])) / (above[by] - below[by]);
}
