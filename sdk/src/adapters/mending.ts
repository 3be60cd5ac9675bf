// What to do when a file can't be loaded or stops loading; fetched only then.

import type { Expected, FollowedRoom } from './adapter.js';
import type { DETAILS, ElementAdapter } from './element.js';
import { DECODE_FAILED } from './failures.js';
import { LAPSED, lookAgain } from './lapsed.js';
import { explainPlain } from './probe.js';
import { Retry } from './retry.js';

type Code = keyof typeof DETAILS | 'decode_failed';

/** What the element says by itself; it doesn't tell an address without a file from a file that it can't play. */
const ERRORS: Record<number, Code> = { 2: 'source_unreachable', 3: 'decode_failed' };

/** What can't be decoded is loaded no more after so many failures at one place … */
const BROKEN_TIMES = 5;
/** … until the room is this far from it; … */
const ELSEWHERE_MS = 1_000;
/** … or after so many in a row, wherever the room was, … */
const BROKEN_MOST_TIMES = 20;
/** … until it is this far from the last. */
const FAR_MS = 60_000;
/** How often it looks where the room is. */
const LOOK_MS = 500;
/** A file that has played for so long since it was loaded isn't broken there. */
const PASSED_S = 3;

const all = new WeakMap<ElementAdapter, Mending>();

/** Explains a failure of the player's file, and loads it again where the room is until it plays; `expected` and `room` are the arguments of `load`. */
export function mend(player: ElementAdapter, expected: Expected, room?: FollowedRoom): Promise<void> {
  const mending = all.get(player) ?? new Mending(player, expected, room);
  all.set(player, mending);
  return mending.failed();
}

class Mending {
  readonly #player: ElementAdapter;
  readonly #expected: Expected;
  readonly #room: FollowedRoom | undefined;
  readonly #retry: Retry;
  /** For decoding failures. One success doesn't end the back-off: decoding may fail at the next moment. */
  readonly #broken: Retry;
  /** Where the room was when decoding failed, how often it did there, and how often in a row. */
  #brokenMs = NaN;
  #brokenThere = 0;
  #brokenInARow = 0;
  /** The type of the delivery that is played. */
  readonly #type: string | undefined;
  #hasLapsed = false;
  /** Whether the browser has shown that it can play the file. */
  #isPlayable: boolean;
  #address: string | undefined;

  constructor(player: ElementAdapter, expected: Expected, room: FollowedRoom | undefined) {
    this.#player = player;
    this.#expected = expected;
    this.#room = room;
    this.#type = player.media?.delivery.find(({ url }) => url === player.video.src)?.type;
    this.#retry = new Retry(player.over);
    this.#broken = new Retry(player.over);
    this.#isPlayable = player.video.readyState > 0;
    const succeeded = () => {
      this.#hasLapsed = false;
      this.#isPlayable = true;
      this.#retry.succeeded();
    };
    player.video.addEventListener('canplay', succeeded, { signal: player.over });
  }

  async failed(): Promise<void> {
    const { video, over } = this.#player;
    const said = ERRORS[video.error?.code ?? 0];
    this.#isPlayable ||= said === 'source_unreachable';
    let code = said ?? (await explainPlain(video.src));
    // What has played, or has begun to arrive, doesn't turn into another format.
    if (code === 'format_unsupported' && this.#isPlayable) code = 'source_unreachable';
    if (over.aborted) return;
    if (code === 'decode_failed') return this.#decodeFailed();
    if (code === 'source_unreachable') this.#keepTrying(code);
    const found = await lookAgain(this.#player.media, this.#room);
    if (over.aborted) return;
    if (found === 'lapsed') {
      // A refusal looks like a broken file to the element, and like any other answer to a page without permission.
      if (code !== 'source_unreachable') this.#keepTrying(code);
      this.#hasLapsed = true;
      this.#player.emit(LAPSED);
      return;
    }
    if (found) this.#address = found.delivery.find(({ type }) => type === this.#type)?.url;
    if (code === 'source_unreachable') return;
    if (this.#address && this.#address !== video.src) this.#keepTrying('source_unreachable');
    else this.#player.fail(code);
  }

  #decodeFailed(): void {
    this.#player.emit(DECODE_FAILED);
    // A stream goes its own way from piece to piece, and isn't where the room is.
    if (this.#type !== 'file') return;
    if (playedS(this.#player.video) > PASSED_S) {
      this.#brokenThere = 0;
      this.#brokenInARow = 0;
      this.#broken.succeeded();
    }
    const roomMs = this.#roomMs();
    this.#brokenThere = Math.abs(roomMs - this.#brokenMs) < ELSEWHERE_MS ? this.#brokenThere + 1 : 1;
    this.#brokenInARow += 1;
    this.#brokenMs = roomMs;
    this.#loadElsewhere();
  }

  /** Loads what couldn't be decoded: what comes later may be whole. Where that is in vain, it waits until the room is elsewhere. */
  #loadElsewhere(): void {
    const apartMs = this.#brokenInARow >= BROKEN_MOST_TIMES ? FAR_MS : this.#brokenThere >= BROKEN_TIMES ? ELSEWHERE_MS : 0;
    this.#broken.later(() => this.#loadApart(apartMs));
  }

  /** Loads it once the room is so far from where decoding failed. */
  #loadApart(apartMs: number): void {
    if (this.#player.over.aborted) return;
    if (Math.abs(this.#roomMs() - this.#brokenMs) >= apartMs) return this.#load();
    setTimeout(() => this.#loadApart(apartMs), LOOK_MS);
  }

  #keepTrying(code: Code): void {
    // What is known by now isn't withdrawn at each try.
    if (this.#hasLapsed) this.#player.emit(LAPSED);
    else if (code === 'source_unreachable') this.#player.fail(code);
    this.#retry.later(() => this.#load());
  }

  /** Loads it, at the newest address and where the room is: its beginning would be shown otherwise, whatever follows. */
  #load(): void {
    const { video } = this.#player;
    const address = this.#address ?? video.src;
    if (address === video.src) video.load();
    else video.src = address;
    video.currentTime = (this.#roomMs() + this.#player.originMs) / 1000;
  }

  #roomMs(): number {
    return Math.max(0, this.#expected(0));
  }
}

/** Returns how much of what is loaded has been played, in seconds. */
function playedS({ played }: HTMLVideoElement): number {
  let sumS = 0;
  for (let part = 0; part < played.length; part += 1) sumS += played.end(part) - played.start(part);
  return sumS;
}
