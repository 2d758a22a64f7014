import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const page = readFileSync(new URL('page.html', import.meta.url));

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'",
};

/**
 * Serves one program on PORT: its page, the counts that the page shows, its readiness, and its actions.
 * `report()` gives `{name, about, counted, tally, facts}`; an action, named `METHOD /path`, takes the request and gives
 * the JSON to answer with.
 */
export function serve(report, actions = {}) {
  const server = createServer((request, response) => {
    const [pathname] = request.url.split('?');
    const action = actions[`${request.method} ${pathname}`];
    if (action !== undefined) {
      Promise.resolve(action(request)).then(
        body => sendJson(response, 200, body),
        error => sendJson(response, 400, { error: error.message }),
      );
    } else if (request.method !== 'GET') sendJson(response, 404, { error: 'not found' });
    else if (pathname === '/') response.writeHead(200, pageHeaders).end(page);
    else if (pathname === '/counts') sendJson(response, 200, report());
    else if (pathname === '/healthz') response.writeHead(200).end();
    else sendJson(response, 404, { error: 'not found' });
  });
  // Longer than a proxy keeps an idle connection, so that it is never closed just as a request is on its way.
  server.keepAliveTimeout = 3_700_000;
  server.listen(Number(process.env.PORT ?? 14001));
  process.on('SIGTERM', () => process.exit(0));
}

/** What a caller calls itself. Who it really is, the mesh knows and has checked before the request got here. */
export function callerOf(request) {
  return /^[\w-]{1,40}/.exec(request.headers['user-agent'] ?? '')?.[0] ?? 'somebody';
}

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
