/**
 * The HTTPS server that the API server asks: a path's handler gets the JSON of a review and gives that of an answer. It must
 * not know what reviews are about. Its certificate can be exchanged while it serves.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Logger } from '../log.ts';
import { ReviewError } from './review.ts';

/** Answers one review; throws `ReviewError` for what is none. */
export type ReviewHandler = (review: unknown) => unknown;

/** A certificate with its key, as PEM. */
export interface ServingCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What a webhook server needs. */
export interface WebhookServerOptions {
  /** By path, as `/convert`. */
  readonly handlers: Readonly<Record<string, ReviewHandler>>;
  readonly certificate: ServingCertificate;
  readonly host?: string;
  /** 0: any. */
  readonly port: number;
  /** Bytes of a review above which it is refused with 413; default 256 MiB: a list of all objects of a kind comes at once. */
  readonly largestReview?: number;
  readonly log: Logger;
}

const defaultLargest = 256 * 1024 * 1024;

/** Serves reviews over HTTPS until the signal of `run` aborts. */
export class WebhookServer {
  readonly #options: WebhookServerOptions;
  readonly #server: Server;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    this.#server = createServer({ ...pemOf(options.certificate), minVersion: 'TLSv1.2' }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error('a webhook failed to answer', error, { path: request.url });
        send(response, 500, { error: 'The webhook failed; its log says why.' });
      });
    });
  }

  /** Listens; resolves with the port. */
  async listen(): Promise<number> {
    this.#server.listen(this.#options.port, this.#options.host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#options.port;
  }

  /** Resolves once the signal aborts, connections included. */
  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort');
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Shows another certificate from now on; open connections keep theirs. */
  useCertificate(certificate: ServingCertificate): void {
    this.#server.setSecureContext({ ...pemOf(certificate), minVersion: 'TLSv1.2' });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The API server adds `?timeout=10s`.
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    const handler = Object.hasOwn(this.#options.handlers, path) ? this.#options.handlers[path] : undefined;
    if (path === '/healthz' && request.method === 'GET') return send(response, 200, { status: 'ok' });
    if (handler === undefined) return send(response, 404, { error: `There is no webhook at ${path}.` });
    if (request.method !== 'POST') return send(response, 405, { error: 'A review is sent with POST.' });
    const body = await readBody(request, this.#options.largestReview ?? defaultLargest);
    if (body === undefined) return send(response, 413, { error: 'The review is too large.' });
    try {
      send(response, 200, await handler(parseReview(body)));
    } catch (error) {
      if (!(error instanceof ReviewError)) throw error;
      send(response, 400, { error: error.message });
    }
  }
}

function parseReview(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new ReviewError('The review is not JSON.', { cause });
  }
}

/** The body as text; `undefined` where it is too large. */
async function readBody(request: IncomingMessage, largest: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Destroyed with the loop it could not be answered any more.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  if (response.headersSent) return;
  const ending = status === 413 ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...ending }).end(JSON.stringify(answer));
}

function pemOf({ certificatePem, privateKeyPem }: ServingCertificate): { cert: string; key: string } {
  return { cert: certificatePem, key: privateKeyPem };
}
