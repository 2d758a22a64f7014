import { createServer, type ServerResponse } from 'node:http';
import { listenFrom } from '../local/host/listen.ts';

/** What the server tells. */
export interface Telling {
  /** Prometheus' text format. */
  metrics(): string;
  /** Whether the mesh has been made once: from then on it is in force, whatever fails later. */
  isReady(): boolean;
}

/** Where it can be asked. */
export interface MetricsListening {
  readonly port: number;
}

/** What Prometheus calls version 0.0.4 of its text format. */
const textFormat = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves, on 127.0.0.1 unless told otherwise and on the first free port from the given one, `/metrics`, `/healthz` (200 as long as this process
 * answers) and `/readyz` (503 before the first pass of the loop). Resolves once it listens; ends with the signal.
 */
export async function serveMetrics(
  firstPort: number,
  telling: Telling,
  signal: AbortSignal,
  host = '127.0.0.1',
): Promise<MetricsListening> {
  const server = createServer((request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead) answer((request.url ?? '').replace(/\?.*$/s, ''), response, telling);
    else send(response, { status: 405, body: 'Only GET and HEAD are answered.\n' });
  });
  const end = (): void => {
    server.close();
    server.closeAllConnections();
  };
  const port = await listenFrom(server, { host, port: firstPort });
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return { port };
}

function answer(path: string, response: ServerResponse, telling: Telling): void {
  if (path === '/metrics') send(response, { status: 200, body: telling.metrics(), type: textFormat });
  else if (path === '/healthz') send(response, { status: 200, body: 'ok\n' });
  else if (path === '/readyz' && telling.isReady()) send(response, { status: 200, body: 'ok\n' });
  else if (path === '/readyz') send(response, { status: 503, body: 'The first pass is not finished.\n' });
  else send(response, { status: 404, body: 'There are /metrics, /healthz and /readyz.\n' });
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

function send(response: ServerResponse, { status, body, type = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
