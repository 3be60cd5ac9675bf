/** Records the commits to playback that a page receives. */
import { until } from './poll.mjs';

/** Starts recording the commits to playback that this person's page receives, with the server's times. */
export async function notesCommits({ page }) {
  await page.evaluate(() => {
    window.commits = [];
    window.playhead.session.on('playback_changed', ({ cause, playback }, { version, at_ms: atMs }) => {
      window.commits.push({ version, atMs, cause, ...playback });
    });
  });
}

/** Returns the recorded commits, oldest first, each with `version`, `atMs`, `cause` and the whole playback. */
export const commitsOf = ({ page }) => page.evaluate(() => window.commits);

/** Waits for the first recorded commit after `afterVersion` for which `wanted` holds, and returns it. */
export function commitOf(person, what, wanted, { afterVersion = 0 } = {}) {
  return until(`${person.name} to receive ${what}`, async () =>
    (await commitsOf(person)).find((commit) => commit.version > afterVersion && wanted(commit)),
  );
}
