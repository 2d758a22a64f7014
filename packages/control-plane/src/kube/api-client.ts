/** Asks an API server: a request in, JSON or a stream of lines out. It must not know what the objects mean. */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { json, text } from 'node:stream/consumers';
import { ApiError, errorOfStatus } from './api-error.ts';
import type { KubeAccess } from './kube-access.ts';

/** One question. */
export interface ApiRequest {
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/apis/apps/v1/deployments`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** How an object is applied. */
export interface Applying {
  /** Whose fields these become. */
  readonly manager: string;
  /** Takes fields that others own; default true, as Kubernetes recommends to controllers. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** Milliseconds for an answer that is not a stream: longer than a server lets a request run. */
const answerTimeout = 65_000;

/** Milliseconds for the head of an answer that is a stream. */
const headTimeout = 30_000;

/** After so many milliseconds of silence the kernel asks whether the other side is still there. */
const keepAliveDelay = 30_000;

/** A client of one API server. What fails throws an {@link ApiError}. */
export class ApiClient {
  readonly #access: KubeAccess;

  constructor(access: KubeAccess) {
    this.#access = access;
  }

  /** The namespace of whoever asks. */
  get namespace(): string {
    return this.#access.namespace;
  }

  /** Asks, and gives the answer's JSON. */
  async json<T = unknown>(request: ApiRequest): Promise<T> {
    const limit = AbortSignal.timeout(answerTimeout);
    const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
    return await guarded(request, async () => {
      const answer = await this.#send(request, signal);
      return (await json(answer)) as T;
    });
  }

  /** Opens a stream; the answer ends with it, or with the request's signal. Gives what comes in pieces of whatever size. */
  async stream(request: ApiRequest): Promise<IncomingMessage> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error('no answer in time')), headTimeout);
    const signal = request.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, request.signal]);
    try {
      return await guarded(request, async () => await this.#send(request, signal));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Server-side apply (Kubernetes, "Server-Side Apply"): makes the object at this path, or brings its fields to what they are here. */
  async apply<T = unknown>(path: string, object: unknown, applying: Applying): Promise<T> {
    const { manager, force = true, dryRun = false, signal } = applying;
    return await this.json<T>({
      method: 'PATCH',
      path,
      query: { fieldManager: manager, force: String(force), ...(dryRun && { dryRun: 'All' }) },
      body: object,
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      ...(signal && { signal }),
    });
  }

  async #send(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const call = await this.#open(request, signal);
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    const body = await text(answer);
    const retryAfter = Number(answer.headers['retry-after']);
    const error = errorOfStatus(statusCode, parsed(body) ?? { message: body.trim().slice(0, 500) });
    if (!Number.isFinite(retryAfter) || error.retryAfter !== undefined) throw error;
    throw new ApiError(error.message, { status: error.status, code: error.code, retryAfter });
  }

  async #open(
    { method = 'GET', path, query, body, contentType }: ApiRequest,
    signal: AbortSignal,
  ): Promise<ClientRequest> {
    const { server } = this.#access;
    const { headers: identity, ...options } = await this.#access.authenticate();
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      ...(identity as Record<string, string>),
      accept: 'application/json',
      'user-agent': 'heddle',
      ...(content && { 'content-type': contentType ?? 'application/json', 'content-length': String(content.length) }),
    };
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const all: RequestOptions = {
      ...options,
      method,
      headers,
      signal,
      host: server.hostname.replaceAll(/^\[|\]$/g, ''),
      port: server.port || (server.protocol === 'https:' ? 443 : 80),
      path: `${server.pathname.replace(/\/$/, '')}${path}${search}`,
    };
    const call = (server.protocol === 'https:' ? httpsRequest : httpRequest)(all);
    call.setSocketKeepAlive(true, keepAliveDelay);
    call.end(content);
    return call;
  }
}

async function guarded<T>({ method = 'GET', path, signal }: ApiRequest, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    signal?.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiError(`${method} ${path}: ${why}`, { status: 0, code: 'Unreachable', cause: error });
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // a proxy's page, or nothing
  }
}
