/**
 * The node's interface: HTTP over a Unix socket that only the owner of the run directory can reach.
 *
 * | request | body | answer |
 * |---|---|---|
 * | `PUT /pods` | the full list of wanted pods | 204, once it is taken; 400 with a sentence where it can't be |
 * | `GET /pods` | | the statuses |
 * | `GET /pods/wanted` | | the list of wanted pods, as last taken |
 * | `GET /pods/watch` | | one JSON value a line: the full state, then every change |
 * | `PUT /names` | addresses by fully qualified name, all there are | 204 |
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Pod, PodStatus, StatusEvent } from '../pod.ts';
import { PodListError } from './pod-diff.ts';

/** What the interface gives access to. */
export interface NodeState {
  applyPods(pods: readonly Pod[]): void;
  applyNames(names: Readonly<Record<string, readonly string[]>>): void;
  wanted(): readonly Pod[];
  statuses(): readonly PodStatus[];
  watch(listener: (event: StatusEvent) => void): () => void;
}

/** Serves the node's state until the signal aborts; resolves once it listens. A client that leaves changes nothing. */
export async function serveNode(socketPath: string, state: NodeState, signal: AbortSignal): Promise<void> {
  const server: Server = createServer((request, response) => {
    answer(request, response, state).catch((error: unknown) => {
      const isInput = error instanceof PodListError || error instanceof SyntaxError;
      if (!response.headersSent) response.writeHead(isInput ? 400 : 500, { 'content-type': 'text/plain' });
      response.end(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(socketPath);
  await once(server, 'listening');
}

async function answer(request: IncomingMessage, response: ServerResponse, state: NodeState): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'PUT /pods':
      state.applyPods((await json(request)) as readonly Pod[]);
      return done(response);
    case 'PUT /names':
      state.applyNames((await json(request)) as Readonly<Record<string, readonly string[]>>);
      return done(response);
    case 'GET /pods':
      return sayJson(response, state.statuses());
    case 'GET /pods/wanted':
      return sayJson(response, state.wanted());
    case 'GET /pods/watch': {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const stop = state.watch(event => response.write(`${JSON.stringify(event)}\n`));
      response.on('close', stop);
      return;
    }
    default:
      response.writeHead(404);
      response.end();
  }
}

function sayJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function done(response: ServerResponse): void {
  response.writeHead(204);
  response.end();
}
