/** A gate between a page and the media origin, which can delay or refuse segments. */

/** The film's segments, video and audio separately, two seconds each; playlists don't match. */
const SEGMENT = /-(\d+)\.m4s$/;
const SEGMENT_MS = 2_000;

/** Selects every segment. */
export const everySegment = () => true;
/** Selects the segments from this position on. */
export const segmentsFrom = (positionMs) => (startMs) => startMs >= positionMs;

/** Puts a gate between this person's page and the film, open at first. Call it before the page joins. */
export async function gateBefore({ page }, { url }) {
  let isClosedFor = () => false;
  let refuses = false;
  let waiting = [];
  let turnedAway = 0;

  async function judge(asked) {
    if (!isClosedFor(asked.startMs)) await letThrough(asked.route);
    else if (refuses) await refuse(asked.route);
    else waiting.push(asked);
  }

  /** Applies to requests from now on, and to those that are waiting. */
  async function changeTo(closedFor, refusing) {
    const asked = waiting;
    [isClosedFor, refuses, waiting] = [closedFor, refusing, []];
    await Promise.all(asked.map(judge));
  }

  await page.route(`${url('')}**`, async (route) => {
    const startMs = startOf(route.request().url());
    if (startMs === null) return letThrough(route);
    if (isClosedFor(startMs)) turnedAway += 1;
    return judge({ route, startMs });
  });
  return {
    /** Returns how many requests have met the closed gate. */
    turnedAway: () => turnedAway,
    /** Holds the segments that `isClosed` selects by the position at which they start. */
    holds: (isClosed) => changeTo(isClosed, false),
    /** Refuses them, as if the origin were down. */
    refuses: (isClosed) => changeTo(isClosed, true),
    opens: () => changeTo(() => false, false),
  };
}

// The page may have cancelled the request, or be gone.
const letThrough = (route) => route.continue().catch(() => undefined);
const refuse = (route) => route.abort('connectionrefused').catch(() => undefined);

/** Returns the position at which a segment starts; null for anything else. */
function startOf(url) {
  const found = SEGMENT.exec(new URL(url).pathname);
  return found && Number(found[1]) * SEGMENT_MS;
}
