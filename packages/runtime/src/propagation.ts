import { AsyncLocalStorage } from 'node:async_hooks';
import type { Route } from './config.ts';

/** What is known of the request that is being served. */
export interface RequestContext {
  /** Its route, as a request to this application; `undefined`: none fits. */
  readonly route: Route | undefined;
  /** What requests made while serving it pass on, by names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Headers as Node has them: names in lower case, those that may come more than once as lists. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const w3c = ['traceparent', 'tracestate'];
const b3 = ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'];

/** Headers that are passed on in any case: W3C Trace Context and Baggage, Zipkin's B3, and the id that Envoy gives a request. */
export const tracingHeaders: readonly string[] = [...w3c, 'baggage', ...b3, 'x-request-id'];

/** One connection's own, or told of the very message: never true of another request. */
const bound = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Carries headers of a request that is served to the requests made meanwhile. */
export class Propagation {
  readonly #storage = new AsyncLocalStorage<RequestContext>();
  readonly #names: readonly string[];

  /** `names`: headers besides those of tracing, such as what A/B routes are chosen by. Throws for one that can't travel. */
  constructor(names: readonly string[]) {
    const extra = names.map(name => name.toLowerCase());
    const wrong = extra.find(name => bound.has(name) || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(name));
    if (wrong !== undefined) throw new TypeError(`header ${JSON.stringify(wrong)} can not be propagated`);
    this.#names = [...new Set([...tracingHeaders, ...extra])];
  }

  /** The request that is being served here; `undefined` outside of one. */
  get current(): RequestContext | undefined {
    return this.#storage.getStore();
  }

  /** Calls what serves a request; everything begun in it belongs to that request. */
  run<Result>(context: RequestContext, serve: () => Result): Result {
    return this.#storage.run(context, serve);
  }

  /** Of a request's headers those that are passed on. A `tracestate` without `traceparent` means nothing and is dropped (W3C). */
  pick(headers: IncomingHeaders): ReadonlyMap<string, string> {
    const picked = new Map<string, string>();
    for (const name of this.#names) {
      const value = headers[name];
      if (value !== undefined)
        picked.set(name, typeof value === 'string' ? value : value.join(name === 'cookie' ? '; ' : ','));
    }
    if (!picked.has('traceparent')) picked.delete('tracestate');
    return picked;
  }

  /** Adds what is passed on to a request that is made. What it says itself stays, and of one trace it says all. */
  addTo(headers: Headers): void {
    const families = [w3c, b3].filter(family => family.some(name => headers.has(name))).flat();
    for (const [name, value] of this.current?.headers ?? [])
      if (!headers.has(name) && !families.includes(name)) headers.set(name, value);
  }
}
