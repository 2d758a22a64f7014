import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { MeshStatus } from './mesh-status.ts';

/** What the interface shows. */
export interface StatusSource {
  /** `undefined` before the first pass. */
  status(): MeshStatus | undefined;
  /** Calls back after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/**
 * Serves the controller's state over a Unix socket: `GET /status` (503 before the first pass) and `GET /watch`, a line of
 * JSON now and after every change. Resolves once it listens; ends with the signal.
 */
export async function serveStatus(path: string, source: StatusSource, signal: AbortSignal): Promise<void> {
  await rm(path, { force: true });
  const server = createServer((request, response) => answer(request, response, source));
  const end = (): void => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener('abort', end, { once: true });
  server.listen(path);
  await once(server, 'listening');
  if (signal.aborted) end();
}

function answer(request: IncomingMessage, response: ServerResponse, source: StatusSource): void {
  if (request.method !== 'GET') {
    response.writeHead(405).end();
  } else if (request.url === '/status') {
    const status = source.status();
    if (status === undefined) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
  } else if (request.url === '/watch') {
    watch(response, source);
  } else {
    response.writeHead(404).end();
  }
}

/** A reader that is slow gets the latest state when it is ready again, not every state there was. */
function watch(response: ServerResponse, source: StatusSource): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  let blocked = false;
  let stale = false;
  const send = (): void => {
    stale = blocked;
    if (blocked) return;
    const status = source.status();
    if (status !== undefined) blocked = !response.write(`${JSON.stringify(status)}\n`);
  };
  response.on('drain', () => {
    blocked = false;
    if (stale) send();
  });
  response.on('close', source.onChange(send));
  send();
}
