/** The client of a node's interface, for whoever decides which pods there are. */
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Pod, PodStatus, StatusEvent } from '../pod.ts';

/** The node refused a request, or could not be reached. */
export class NodeError extends Error {
  readonly code = 'NodeRequestFailed';
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.retryable = retryable;
  }
}

/** Talks to a node over its Unix socket. All calls reject with a {@link NodeError}. */
export class NodeClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Makes these the pods of the node: all of them, each time. Resolves once the list is taken, before the pods run. */
  async putPods(pods: readonly Pod[], signal?: AbortSignal): Promise<void> {
    await text(await this.#send('PUT', '/pods', { body: pods, signal }));
  }

  /** Makes these the names that resolve inside pods: addresses by fully qualified name. */
  async putNames(names: Readonly<Record<string, readonly string[]>>, signal?: AbortSignal): Promise<void> {
    await text(await this.#send('PUT', '/names', { body: names, signal }));
  }

  async pods(signal?: AbortSignal): Promise<readonly PodStatus[]> {
    return JSON.parse(await text(await this.#send('GET', '/pods', { signal }))) as readonly PodStatus[];
  }

  /** The pods that it was last told to run, whoever told it. */
  async wantedPods(signal?: AbortSignal): Promise<readonly Pod[]> {
    return JSON.parse(await text(await this.#send('GET', '/pods/wanted', { signal }))) as readonly Pod[];
  }

  /** The full state, then every change, until the signal aborts (it then just ends) or the node ends. */
  async *watchPods(signal: AbortSignal): AsyncGenerator<StatusEvent> {
    try {
      const response = await this.#send('GET', '/pods/watch', { signal });
      for await (const line of linesOf(response)) yield JSON.parse(line) as StatusEvent;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #send(
    method: 'GET' | 'PUT',
    path: string,
    options: { readonly body?: unknown; readonly signal?: AbortSignal | undefined },
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { signal, body } = options;
    const ask = request({ socketPath: this.#socketPath, method, path, agent: false, ...(signal ? { signal } : {}) });
    ask.on('response', resolve);
    ask.on('error', error => reject(new NodeError(`the node can't be reached: ${error.message}`, true, error)));
    ask.end(body === undefined ? undefined : JSON.stringify(body));
    const response = await promise;
    const status = response.statusCode ?? 0;
    if (status >= 300) {
      throw new NodeError(`the node refused ${method} ${path}: ${(await text(response)).trim()}`, status >= 500);
    }
    return response;
  }
}

async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
