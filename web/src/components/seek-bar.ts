/** The seek bar: shows the position, and lets the host change it. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { clockTime, spokenTime } from '../format.js';
import { sentenceFor } from '../words.js';
import { createLiveBar } from './live-bar.js';
import { durationMs, type RoomContext, type RoomPart, type RoomView } from './room-context.js';

/** Key presses within this time are combined into one seek. */
const GATHER_MS = 160;
const DELTA_MS: Readonly<Record<string, number>> = {
  ArrowRight: 5000,
  ArrowUp: 5000,
  ArrowLeft: -5000,
  ArrowDown: -5000,
  PageUp: 30_000,
  PageDown: -30_000,
};
/** How long after a completed seek the bar still shows its target, before it follows the room again. */
const HELD_MS = 500;

export interface SeekBar extends RoomPart {
  /** Seeks relative to the room's position, or to the target of a seek that is still pending. */
  seekBy(deltaMs: number): void;
}

export function createSeekBar(context: RoomContext): SeekBar {
  const { app, session, player, video, control, mayControl, explain } = context;
  const range = element('input', {
    type: 'range',
    class: 'seek',
    min: 0,
    max: 0,
    step: 100,
    value: 0,
    'aria-label': 'Playback position',
    'data-testid': 'seek',
  });
  const now = element('span', { class: 'time', 'data-testid': 'time' }, '0:00');
  const length = element('span', { class: 'time quiet', 'data-testid': 'duration' }, '0:00');
  const live = createLiveBar(context, (positionMs) => seek.send(positionMs));
  const bar = element('div', { class: 'seek-row' }, now, range, length, live.element);
  const seek = createPendingSeek(context);
  let dragging = false;

  /** The positions that can be chosen now; the bar shows them from 0 on. */
  function offered(): { fromMs: number; untilMs: number } {
    const untilMs = durationMs(session.getSnapshot(), video) ?? Number.POSITIVE_INFINITY;
    return live.range() ?? { fromMs: 0, untilMs };
  }

  function draw(positionMs: number): void {
    const max = Number(range.max);
    const shownMs = positionMs - offered().fromMs;
    const isLive = session.getSnapshot().media?.live === true;
    const { text, spoken } = isLive
      ? live.label(positionMs)
      : { text: clockTime(positionMs), spoken: spokenTime(positionMs) };
    setText(now, text);
    setAttribute(range, 'aria-valuetext', spoken);
    live.draw(positionMs);
    const loadedMs = isLive ? 0 : bufferedMs(video, player.position() ?? 0);
    range.style.setProperty('--filled', `${max > 0 ? Math.max(0, Math.min(100, (shownMs / max) * 100)) : 0}%`);
    range.style.setProperty('--buffered', `${max > 0 ? Math.min(100, (loadedMs / max) * 100) : 0}%`);
  }

  const maySeek = (): boolean => mayControl() && session.getSnapshot().media?.control.seek !== false;

  function explainSeek(): void {
    if (mayControl()) app.notices.say(sentenceFor('seek_unavailable'));
    else explain();
  }

  function seekBy(deltaMs: number): void {
    if (!maySeek()) return explainSeek();
    if (session.getSnapshot().media === null) return void control(() => session.seek(0));
    seekTo((seek.targetMs() ?? session.expected()) + deltaMs);
  }

  function seekTo(positionMs: number): void {
    const { fromMs, untilMs } = offered();
    const targetMs = Math.max(fromMs, Math.min(positionMs, untilMs));
    range.value = String(targetMs - fromMs);
    draw(targetMs);
    seek.sendSoon(targetMs);
  }

  range.addEventListener('pointerdown', (event) => {
    if (maySeek()) return;
    event.preventDefault();
    explainSeek();
  });
  range.addEventListener('input', () => {
    if (!maySeek()) return;
    dragging = true;
    draw(offered().fromMs + Number(range.value));
  });
  range.addEventListener('change', () => {
    dragging = false;
    if (maySeek()) seek.send(offered().fromMs + Number(range.value));
  });
  range.addEventListener('keydown', (event) => {
    const deltaMs = DELTA_MS[event.key];
    const isEdge = event.key === 'Home' || event.key === 'End';
    if (deltaMs === undefined && !isEdge) return;
    event.preventDefault();
    if (deltaMs !== undefined) return seekBy(deltaMs);
    if (!mayControl()) return explain();
    const { fromMs, untilMs } = offered();
    if (event.key === 'Home') seekTo(fromMs);
    else if (!maySeek()) explainSeek();
    else if (Number.isFinite(untilMs)) seekTo(untilMs);
  });

  function update({ room }: RoomView): void {
    const { fromMs, untilMs } = offered();
    const max = Number.isFinite(untilMs) ? untilMs - fromMs : null;
    setAttribute(range, 'aria-disabled', maySeek() ? null : 'true');
    setShown(range, room.media === null || max !== null);
    setAttribute(range, 'max', String(Math.ceil(max ?? 0)));
    setText(length, room.media?.live === true || max === null ? '' : clockTime(max));
    setShown(length, room.media?.live !== true);
    if (dragging || document.visibilityState === 'hidden') return;
    // A room that nobody has told of the end goes on, but no film is at a moment that it doesn't have. Where it plays, it is
    // longer than its header says.
    const hasMs = Math.max(untilMs, player.position() ?? 0);
    const roomMs = room.media?.live ? session.expected() : Math.min(session.expected(), hasMs);
    const positionMs = room.media === null ? 0 : (seek.targetMs() ?? roomMs);
    range.value = String(positionMs - fromMs);
    draw(positionMs);
  }

  return { element: bar, seekBy, update, tick: update, dispose: seek.dispose };
}

/** The seek under way: combines quick key presses, and keeps the target until the room has followed. */
interface PendingSeek {
  /** Null when no seek is under way. */
  targetMs(): number | null;
  send(positionMs: number): void;
  /** Sends the seek unless another one follows at once. */
  sendSoon(positionMs: number): void;
  dispose(): void;
}

function createPendingSeek({ session, control }: RoomContext): PendingSeek {
  let targetMs: number | null = null;
  let gathering = 0;
  let holding = 0;

  function send(positionMs: number): void {
    targetMs = positionMs;
    clearTimeout(holding);
    void control(() => session.seek(Math.round(positionMs))).then((done) => {
      // A later seek has its own continuation.
      if (targetMs !== positionMs) return;
      clearTimeout(holding);
      if (done) holding = window.setTimeout(() => (targetMs = null), HELD_MS);
      else targetMs = null;
    });
  }

  return {
    targetMs: () => targetMs,
    send,
    sendSoon(positionMs) {
      targetMs = positionMs;
      clearTimeout(gathering);
      gathering = window.setTimeout(() => send(positionMs), GATHER_MS);
    },
    dispose() {
      clearTimeout(gathering);
      clearTimeout(holding);
    },
  };
}

/** Returns the position up to which there is data from `positionMs`, the current one, on; 0 if there is none. */
function bufferedMs(video: HTMLVideoElement, positionMs: number): number {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) {
      return positionMs + (buffered.end(i) - currentTime) * 1000;
    }
  }
  return 0;
}
