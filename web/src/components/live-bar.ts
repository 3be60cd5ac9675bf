/** What the seek bar shows of a live stream: how far behind it the party is, and the way back to it. */
import { liveWindow, type LiveWindow } from 'playhead-sdk';
import { element, setAttribute, setShown } from '../dom.js';
import { clockTime, spokenTime } from '../format.js';
import type { RoomContext } from './room-context.js';

/** Nearer to the last position that the stream offers, the party is live. */
const LIVE_MS = 3_000;
/** The window moves on while a seek is under way, so its first moments can't be chosen. */
const LEAVING_MS = 1_500;
/** This device's clock may be a little ahead of the server's. */
const AHEAD_MS = 200;

/** The stream's window at this instant, as the seek bar counts it: from the first position that can be chosen. */
export interface LiveRange {
  fromMs: number;
  untilMs: number;
}

export interface LiveBar {
  element: HTMLElement;
  /** Returns the positions that can be chosen now; null if the media isn't live or its players share none. */
  range(): LiveRange | null;
  /** Draws the distance of a position from live; hides the bar for other media. */
  draw(positionMs: number): void;
  /** Returns the text for a position: "Live", or how far behind it is. */
  label(positionMs: number): { text: string; spoken: string };
}

export function createLiveBar({ session, mayControl }: RoomContext, goLive: (positionMs: number) => void): LiveBar {
  const badge = element('span', { class: 'live-badge', 'data-testid': 'live' }, 'LIVE');
  const button = element('button', { type: 'button', class: 'button button-quiet', 'data-testid': 'go-live' }, 'Go to live');
  const bar = element('span', { class: 'live-bar', hidden: true }, badge, button);
  button.addEventListener('click', () => {
    const now = range();
    if (now !== null) goLive(now.untilMs);
  });

  function range(): LiveRange | null {
    const now = liveWindow(session.getSnapshot().media, session.now());
    return now && rangeOf(now);
  }

  const behindMs = (positionMs: number): number => Math.max(0, (range()?.untilMs ?? 0) - positionMs);

  return {
    element: bar,
    range,
    draw(positionMs) {
      const isLive = session.getSnapshot().media?.live === true;
      const behind = behindMs(positionMs) > LIVE_MS;
      setShown(bar, isLive);
      setAttribute(badge, 'data-behind', behind ? '' : null);
      setShown(button, isLive && behind && range() !== null && mayControl());
    },
    label(positionMs) {
      const behind = behindMs(positionMs);
      if (behind <= LIVE_MS) return { text: 'Live', spoken: 'Live' };
      return { text: `−${clockTime(behind)}`, spoken: `${spokenTime(behind)} behind live` };
    },
  };
}

function rangeOf({ earliestMs, latestMs }: LiveWindow): LiveRange {
  const untilMs = Math.max(earliestMs, latestMs - AHEAD_MS);
  return { fromMs: Math.min(earliestMs + LEAVING_MS, untilMs), untilMs };
}
