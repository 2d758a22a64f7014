import { isDeepStrictEqual } from 'node:util';
import type { Clock } from './clock.ts';
import { type Route, type RuntimeConfig, standaloneConfig } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { ConfigFile, type FileContent, isMissing } from './config-file.ts';
import { Counters } from './counters.ts';
import { Listeners } from './listeners.ts';
import { type Fetch, idempotentMethods, MeshFetch, type RequestPolicy } from './mesh-fetch.ts';
import {
  contextOf,
  type ExpressMiddleware,
  expressMiddleware,
  type FastifyPlugin,
  fastifyPlugin,
  type IncomingRequest,
  type MiddlewareOptions,
  type MiddlewareParts,
} from './middleware.ts';
import { parseConfig } from './parse-config.ts';
import type { Watch } from './place-watchers.ts';
import { Propagation } from './propagation.ts';
import type { BudgetOptions } from './retry-budget.ts';
import { RouteTable } from './route-table.ts';

/** How an application is part of the mesh. */
export interface RuntimeOptions {
  /** The file of the mesh. Default: `SMI_CONFIG_PATH`, else `/etc/smi/config.yaml`. */
  readonly path?: string;
  /** Starts without a mesh where the file does not exist: no route, no timeout, until it appears. Default: false. */
  readonly optional?: boolean;
  /** Ends the runtime when it aborts, like `close`. */
  readonly signal?: AbortSignal;
  /** Headers that are passed on besides those of tracing, such as what A/B routes are chosen by. Default: none. */
  readonly propagate?: readonly string[];
  /** Whether a request to this URL is given the headers. Default: each is. */
  readonly propagateTo?: (url: URL) => boolean;
  /** Methods that may be repeated. Default: the idempotent ones. */
  readonly retryMethods?: readonly string[];
  /** How much is repeated of the requests to one service. */
  readonly retryBudget?: BudgetOptions;
}

/** What the runtime needs from the world around it. */
export interface RuntimeWorld {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly fetch: Fetch;
  readonly watch: Watch;
  /** Milliseconds between looks at the file where it can't be watched. */
  readonly poll: number;
}

/** What can be listened to. */
export interface RuntimeEvents {
  /** Another configuration is in force. */
  change: [config: RuntimeConfig, previous: RuntimeConfig];
  /** A configuration was not taken over; the last good one stays in force. */
  error: [error: ConfigError];
}

/** The mesh as one application sees it: its configuration, kept current, and what is done by it. */
export class Runtime implements AsyncDisposable {
  readonly #file: ConfigFile;
  readonly #path: string;
  readonly #ended = new AbortController();
  readonly #listeners: { readonly [Name in keyof RuntimeEvents]: Listeners<RuntimeEvents[Name]> } = {
    change: new Listeners(),
    error: new Listeners(),
  };
  readonly #counters = new Counters();
  readonly #propagation: Propagation;
  readonly #middleware: MiddlewareParts;
  #config = standaloneConfig;
  #table = new RouteTable(standaloneConfig);
  #running: Promise<void> = Promise.resolve();

  /**
   * `fetch` with the timeout and the repetitions of the route, which may be handed on by itself. It takes and gives what the
   * global one does. Where no route fits, what the file says for all requests holds.
   */
  readonly fetch: Fetch;

  private constructor(options: RuntimeOptions & { readonly path: string }, world: RuntimeWorld) {
    const {
      path,
      propagate = [],
      propagateTo = () => true,
      retryMethods = idempotentMethods,
      retryBudget = {},
    } = options;
    this.#path = path;
    this.#file = new ConfigFile(path, world);
    this.#propagation = new Propagation(propagate);
    this.#middleware = {
      propagation: this.#propagation,
      counters: this.#counters,
      routeOf: (method, url) => this.route(method, url),
      serviceOf: route => this.#table.serviceOf(route),
    };
    const meshFetch = new MeshFetch({
      policyOf: (method, url) => this.#policyOf(method, url),
      counters: this.#counters,
      propagation: this.#propagation,
      propagateTo,
      retryMethods: new Set(retryMethods),
      budget: retryBudget,
      clock: world.clock,
      random: world.random,
      fetch: world.fetch,
    });
    this.fetch = (input, init) => meshFetch.fetch(input, init);
  }

  /** Reads the file and watches it from then on. Rejects with a `ConfigError` where it can't be taken over. */
  static async open(options: RuntimeOptions & { readonly path: string }, world: RuntimeWorld): Promise<Runtime> {
    options.signal?.throwIfAborted();
    const runtime = new Runtime(options, world);
    try {
      await runtime.#start(options.optional ?? false);
      options.signal?.throwIfAborted();
    } catch (error) {
      await runtime.close();
      throw error;
    }
    options.signal?.addEventListener('abort', () => runtime.#ended.abort(), { signal: runtime.#ended.signal });
    return runtime;
  }

  /** What is in force now. */
  get config(): RuntimeConfig {
    return this.#config;
  }

  /** The first route that fits, with the timeout and the repetitions in force for it; `undefined`: none fits. */
  route(method: string, url: string | URL): Route | undefined {
    return this.#table.find(method, url);
  }

  /** Calls back with each event until what it returns is called. An `error` without a listener becomes a process warning. */
  on<Name extends keyof RuntimeEvents>(name: Name, listener: (...event: RuntimeEvents[Name]) => void): () => void {
    return this.#listeners[name].add(listener);
  }

  /** Calls back when another configuration is in force, until what it returns is called. */
  onChange(listener: (...event: RuntimeEvents['change']) => void): () => void {
    return this.on('change', listener);
  }

  /** Middleware for Express, Connect or plain `node:http`: sets `request.mesh`, propagates headers, counts. */
  express(options: MiddlewareOptions = {}): ExpressMiddleware {
    return expressMiddleware(this.#middleware, options);
  }

  /** A plugin for Fastify that does the same. */
  fastify(options: MiddlewareOptions = {}): FastifyPlugin {
    return fastifyPlugin(this.#middleware, options);
  }

  /** Serves a request of any other framework or queue: what is fetched in it is given its headers. */
  serve<Result>(request: IncomingRequest, work: () => Result, options: MiddlewareOptions = {}): Result {
    return this.#propagation.run(contextOf(this.#middleware, options, request), work);
  }

  /** The route of the request that is being served here; `undefined` outside of one, and where none fits. */
  get servedRoute(): Route | undefined {
    return this.#propagation.current?.route;
  }

  /** The headers to pass on from here, for clients other than `fetch`. */
  get propagatedHeaders(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#propagation.current?.headers ?? []);
  }

  /** All counters in Prometheus' text format, to be served as `metricsContentType`. */
  metrics(): string {
    return this.#counters.text();
  }

  /** Ends the watch. What is in force stays so, and `fetch` goes on working. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#file.close();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(optional: boolean): Promise<void> {
    const isGood = (content: FileContent): boolean =>
      'text' in content ? 'config' in parseConfig(content.text) : optional && isMissing(content);
    const content = await this.#file.start(isGood);
    if (!optional || !isMissing(content)) {
      const error = this.#take(content);
      if (error !== undefined) throw error;
    }
    this.#running = this.#file.run(this.#ended.signal, next => this.#onContent(next));
  }

  #onContent(content: FileContent): void {
    const previous = this.#config;
    const error = this.#take(content);
    if (error !== undefined) {
      if (!this.#listeners.error.emit(error))
        process.emitWarning(error.message, { code: error.code, type: 'HeddleRuntime' });
    } else if (previous !== this.#config) this.#listeners.change.emit(this.#config, previous);
  }

  /** Puts a content in force, or says why not. One that says the same as before changes nothing. */
  #take(content: FileContent): ConfigError | undefined {
    const parsed = 'text' in content ? parseConfig(content.text) : undefined;
    const isAccepted = parsed !== undefined && 'config' in parsed;
    this.#counters.add('heddle_runtime_config_loads_total', { result: isAccepted ? 'accepted' : 'refused' });
    this.#counters.set('heddle_runtime_config_current', {}, isAccepted ? 1 : 0);
    if (!isAccepted) return refusal(this.#path, content, parsed?.problems ?? []);
    if (isDeepStrictEqual(parsed.config, this.#config)) return undefined;
    this.#config = parsed.config;
    this.#table = new RouteTable(parsed.config);
    return undefined;
  }

  #policyOf(method: string, url: URL | undefined): RequestPolicy {
    const route = url === undefined ? undefined : this.route(method, url);
    const { timeout, retries } = route ?? this.#config;
    const service = route === undefined ? '' : this.#table.serviceOf(route);
    const repeated = this.#config.sidecar ? undefined : retries;
    return { labels: { service, route: route?.name ?? '' }, timeout, retries: repeated };
  }
}

function refusal(path: string, content: FileContent, problems: readonly ConfigProblem[]): ConfigError {
  if ('text' in content) return new ConfigError('ConfigInvalid', path, problems);
  const problem: ConfigProblem = { field: '', message: content.unreadable };
  return new ConfigError('ConfigUnreadable', path, [problem], { cause: content.cause });
}
