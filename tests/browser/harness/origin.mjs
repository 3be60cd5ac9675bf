/** The media origin of the tests. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { freePort } from './free-port.mjs';
import { MEDIA, ROOT, temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

/** Starts a real nginx that serves the test media; `url(path)` is the link to a file. */
export async function startOrigin() {
  execFileSync(join(ROOT, 'tests/media/make.sh'), [MEDIA], { stdio: ['ignore', 'ignore', 'inherit'] });
  const work = temporaryFolder('origin');
  const port = await freePort();
  const template = readFileSync(join(ROOT, 'tests/media/nginx.conf.in'), 'utf8');
  const config = join(work, 'nginx.conf');
  const values = { PORT: String(port), ROOT: MEDIA, WORK: work };
  writeFileSync(config, template.replaceAll(/@(PORT|ROOT|WORK)@/g, (_, name) => values[name]));
  const child = startChild('nginx', ['-p', work, '-c', config], { label: 'nginx' });
  const url = (path) => `http://127.0.0.1:${port}/${path}`;
  await until('nginx to answer', async () => {
    if (child.over()) throw new Error(`nginx ended: ${child.printed()}`);
    return fetch(url('hls/master.m3u8')).then((response) => response.ok, () => false);
  });
  return { url, stop: () => child.stop() };
}
