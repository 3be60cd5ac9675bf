import { element, setAttribute, setShown, setText } from '../dom.js';
import { clockTime, spokenTime } from '../format.js';
import { durationMs, type RoomContext, type RoomPart, type RoomView } from './room-context.js';

/** Presses within this time become one seek. */
const GATHER_MS = 160;
const ARROW_MS = 5000;
const PAGE_MS = 30_000;
/** How long the bar shows where it was sent, once that was done, before it trusts the room again. */
const HELD_MS = 500;

/** Where we are, and for the host where to go. */
export interface SeekBar extends RoomPart {
  /** Jumps from where the room is, or from a jump still being gathered. */
  seekBy(deltaMs: number): void;
}

export function createSeekBar(context: RoomContext): SeekBar {
  const { session, video, control, mayControl, explain } = context;
  const range = element('input', {
    type: 'range',
    class: 'seek',
    min: 0,
    max: 0,
    step: 100,
    value: 0,
    'aria-label': 'Position',
    'data-testid': 'seek',
  });
  const now = element('span', { class: 'time', 'data-testid': 'time' }, '0:00');
  const length = element('span', { class: 'time quiet', 'data-testid': 'duration' }, '0:00');
  const bar = element('div', { class: 'seek-row' }, now, range, length);

  let dragging = false;
  let wanted: number | null = null;
  let gathering = 0;
  let holding = 0;

  function limit(): number {
    return durationMs(session.getSnapshot(), video) ?? Number.POSITIVE_INFINITY;
  }

  function draw(position: number): void {
    const max = Number(range.max);
    setText(now, clockTime(position));
    setAttribute(range, 'aria-valuetext', spokenTime(position));
    range.style.setProperty('--filled', `${max > 0 ? Math.min(100, (position / max) * 100) : 0}%`);
    range.style.setProperty('--buffered', `${max > 0 ? Math.min(100, (bufferedMs(video) / max) * 100) : 0}%`);
  }

  function send(position: number): void {
    wanted = position;
    clearTimeout(holding);
    void control(() => session.seek(Math.round(position))).then((done) => {
      // A later jump is awaited by itself.
      if (wanted !== position) return;
      clearTimeout(holding);
      if (done) holding = window.setTimeout(() => (wanted = null), HELD_MS);
      else wanted = null;
    });
  }

  function seekBy(deltaMs: number): void {
    if (!mayControl()) return explain();
    if (session.getSnapshot().media === null) return void control(() => session.seek(0));
    const from = wanted ?? session.expected();
    seekTo(from + deltaMs);
  }

  function seekTo(position: number): void {
    wanted = Math.max(0, Math.min(position, limit()));
    range.value = String(wanted);
    draw(wanted);
    clearTimeout(gathering);
    const target = wanted;
    gathering = window.setTimeout(() => send(target), GATHER_MS);
  }

  range.addEventListener('pointerdown', (event) => {
    if (mayControl()) return;
    event.preventDefault();
    explain();
  });
  range.addEventListener('input', () => {
    if (!mayControl()) return;
    dragging = true;
    draw(Number(range.value));
  });
  range.addEventListener('change', () => {
    dragging = false;
    if (mayControl()) send(Number(range.value));
  });
  range.addEventListener('keydown', (event) => {
    const step: Readonly<Record<string, number>> = {
      ArrowRight: ARROW_MS,
      ArrowUp: ARROW_MS,
      ArrowLeft: -ARROW_MS,
      ArrowDown: -ARROW_MS,
      PageUp: PAGE_MS,
      PageDown: -PAGE_MS,
    };
    const delta = step[event.key];
    const edge = event.key === 'Home' || event.key === 'End';
    if (delta === undefined && !edge) return;
    event.preventDefault();
    if (delta !== undefined) return seekBy(delta);
    if (!mayControl()) return explain();
    if (event.key === 'Home') seekTo(0);
    else if (Number.isFinite(limit())) seekTo(limit());
  });

  function update({ room }: RoomView): void {
    const max = durationMs(room, video);
    setAttribute(range, 'aria-disabled', mayControl() ? null : 'true');
    setShown(range, room.media === null || max !== null);
    setAttribute(range, 'max', String(Math.ceil(max ?? 0)));
    setText(length, room.media?.live === true ? 'Live' : max === null ? '' : clockTime(max));
    if (dragging || document.visibilityState === 'hidden') return;
    const position = room.media === null ? 0 : (wanted ?? session.expected());
    range.value = String(position);
    draw(position);
  }

  return {
    element: bar,
    seekBy,
    update,
    tick: update,
    dispose() {
      clearTimeout(gathering);
      clearTimeout(holding);
    },
  };
}

/** The end of what the browser holds around the current position. */
function bufferedMs(video: HTMLVideoElement): number {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) * 1000;
  }
  return 0;
}
