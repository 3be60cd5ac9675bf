/** An origin of files that a test has made of others, byte by byte. */
import { createServer } from 'node:http';

/** Starts it; `url(name)` is the link to one of the `files`, which are sent in ranges and may be read by any page. */
export async function startMadeOrigin(files) {
  const server = createServer((request, response) => {
    const file = files[new URL(request.url, 'http://origin.invalid').pathname.slice(1)];
    response.setHeader('access-control-allow-origin', '*');
    if (!file) return response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(Number(range?.[2] || file.length - 1), file.length - 1);
    response.setHeader('accept-ranges', 'bytes');
    if (start > end) return response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    if (range) response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}` });
    response.end(file.subarray(start, end + 1));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: (name) => `http://127.0.0.1:${server.address().port}/${name}`,
    stop: () => new Promise((stopped) => (server.closeAllConnections(), server.close(stopped))),
  };
}
