/** A reverse proxy that serves a server below a path. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { freePort } from './free-port.mjs';
import { temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

const configOf = ({ work, port, path, target, headers }) => `
daemon off;
master_process off;
pid ${work}/nginx.pid;
error_log ${work}/error.log;
events {}
http {
    access_log off;
    client_body_temp_path ${work}/body;
    proxy_temp_path ${work}/proxy;
    fastcgi_temp_path ${work}/fastcgi;
    uwsgi_temp_path ${work}/uwsgi;
    scgi_temp_path ${work}/scgi;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    server {
        listen 127.0.0.1:${port};
        location ${path} {
            proxy_pass ${target}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
${headers.map((header) => `            proxy_set_header ${header};\n`).join('')}        }
        location / { return 404; }
    }
}
`;

/** Starts a real nginx that strips `path`, such as `/watch/`; beside the host that people see, it sends these headers. */
export async function startPathProxy({ pageUrl: target }, path, headers = []) {
  const work = temporaryFolder('proxy');
  const port = await freePort();
  const config = join(work, 'nginx.conf');
  writeFileSync(config, configOf({ work, port, path, target, headers }));
  const child = startChild('nginx', ['-p', work, '-c', config], { label: 'nginx' });
  const origin = `http://127.0.0.1:${port}`;
  await until('nginx to answer', async () => {
    if (child.over()) throw new Error(`nginx ended: ${child.printed()}`);
    return fetch(`${origin}${path}`).then((response) => response.ok, () => false);
  });
  return { origin, pageUrl: `${origin}${path}`, stop: () => child.stop() };
}
