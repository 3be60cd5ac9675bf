/** A small web server. */
import { createServer } from 'node:http';

/** Starts an origin; `files` is path → text, served as a script if the path ends in `.js`, else as a page. */
export async function startSite(files) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const found = files[pathname];
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(found);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
