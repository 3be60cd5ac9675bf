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
    if (code === 'decode_failed') return this.#player.emit(DECODE_FAILED);
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
    video.currentTime = (Math.max(0, this.#expected(0)) + this.#player.originMs) / 1000;
  }
}
