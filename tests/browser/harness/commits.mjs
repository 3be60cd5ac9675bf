import { until } from './poll.mjs';

/** Notes from now on what the server commits to playback, with its own stamps, as this person's page hears it. */
export async function notesCommits({ page }) {
  await page.evaluate(() => {
    window.commits = [];
    window.playhead.session.on('playback_changed', ({ cause, playback }, { version, at_ms: atMs }) => {
      window.commits.push({ version, atMs, cause, ...playback });
    });
  });
}

/** What has been noted, oldest first: each with `version`, `atMs`, `cause` and the whole playback. */
export const commitsOf = ({ page }) => page.evaluate(() => window.commits);

/** The first noted commit after `version` that `wanted` holds for, once it is there. */
export function commitOf(person, what, wanted, { afterVersion = 0 } = {}) {
  return until(`${person.name} to hear of ${what}`, async () =>
    (await commitsOf(person)).find((commit) => commit.version > afterVersion && wanted(commit)),
  );
}
