/** What the film is made of, pictures and sound apart, two seconds each; not the lists that lead to them. */
const SEGMENT = /-(\d+)\.m4s$/;
const SEGMENT_MS = 2_000;

/** Any part of the film. */
export const everySegment = () => true;
/** The film from this position on; what lies before can be loaded. */
export const segmentsFrom = (positionMs) => (startMs) => startMs >= positionMs;

/** Stands between somebody's page and the film, open at first. Call it before the page joins. */
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

  /** From now on; what has been waiting is judged by it, too. */
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
    /** How many requests have met the closed gate. */
    turnedAway: () => turnedAway,
    /** Lets the segments wait that `isClosed` picks by the position at which they start. */
    holds: (isClosed) => changeTo(isClosed, false),
    /** Answers for them as an origin would that is down. */
    refuses: (isClosed) => changeTo(isClosed, true),
    opens: () => changeTo(() => false, false),
  };
}

// The page may have given up on what it asked for, or be gone.
const letThrough = (route) => route.continue().catch(() => undefined);
const refuse = (route) => route.abort('connectionrefused').catch(() => undefined);

/** Where in the film a segment starts; null for anything else. */
function startOf(url) {
  const found = SEGMENT.exec(new URL(url).pathname);
  return found && Number(found[1]) * SEGMENT_MS;
}
