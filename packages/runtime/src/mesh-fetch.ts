// A request comes in as `fetch` takes it; out go as many tries as its route, its method, its body and the budget of its
// service allow. It knows neither the file nor the middleware.
import type { Clock } from './clock.ts';
import type { RetryPolicy } from './config.ts';
import type { Counters } from './counters.ts';
import { methodLabel } from './counters.ts';
import { type Failure, failureOf, isRetried } from './failure.ts';
import { type OutgoingRequest, outgoingRequest } from './outgoing-request.ts';
import type { Propagation } from './propagation.ts';
import { type BudgetOptions, RetryBudget } from './retry-budget.ts';
import { methodOnTheWire } from './route-table.ts';

/** `fetch`, as Node has it. */
export type Fetch = typeof globalThis.fetch;

/** What is in force for one request. */
export interface RequestPolicy {
  /** The service and the name of the route; empty where no route fits. */
  readonly labels: { readonly service: string; readonly route: string };
  /** Milliseconds; `undefined`: any time. */
  readonly timeout: number | undefined;
  readonly retries: RetryPolicy | undefined;
}

/** What `fetch` in the mesh is made of. */
export interface MeshFetchParts {
  readonly policyOf: (method: string, url: URL | undefined) => RequestPolicy;
  readonly counters: Counters;
  readonly propagation: Propagation;
  readonly propagateTo: (url: URL) => boolean;
  readonly retryMethods: ReadonlySet<string>;
  readonly budget: BudgetOptions;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly fetch: Fetch;
}

/** Milliseconds to wait before repetitions, as Envoy does: up to 25, 75, 175, 250, by chance. */
const backOff = { base: 25, cap: 250 };

/** Methods that change nothing more when they come twice (RFC 9110, section 9.2.2). */
export const idempotentMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

type Result = { readonly response: Response } | { readonly error: unknown; readonly failure: Failure | undefined };

/** One request on its way. */
interface Exchange {
  readonly request: OutgoingRequest;
  readonly policy: RequestPolicy;
  /** Aborts with the caller's signal and with the timeout of the request. */
  readonly signal: AbortSignal;
  /** One try, which the signal that it is given ends. */
  readonly send: (signal: AbortSignal) => Promise<Response>;
}

/** Makes requests with the timeouts and repetitions of their routes. */
export class MeshFetch {
  readonly #parts: MeshFetchParts;
  /** By service; one more for all requests without a route. */
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(parts: MeshFetchParts) {
    this.#parts = parts;
  }

  /**
   * Takes and gives what `fetch` does. Rejects with a `TimeoutError` where the time of the route is up, which also ends a body
   * that is being read, and with the reason of the caller's signal where that aborts.
   */
  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const { propagation, propagateTo, clock, fetch } = this.#parts;
    const request = outgoingRequest(input, init);
    const policy = this.#parts.policyOf(request.method, request.url);
    if (request.url !== undefined && propagateTo(request.url)) propagation.addTo(request.headers);
    const limit = new AbortController();
    const cancel = startTimer(clock, limit, policy.timeout);
    const exchange: Exchange = {
      request,
      policy,
      signal: AbortSignal.any([limit.signal, ...(request.signal === undefined ? [] : [request.signal])]),
      send: signal => fetch(input, { ...init, headers: request.headers, signal }),
    };
    try {
      const response = await this.#repeat(exchange);
      this.#count(exchange, String(response.status));
      // With a body the time runs on until it is read.
      if (response.body === null) cancel();
      return response;
    } catch (error) {
      cancel();
      this.#count(exchange, codeOf(error, request.signal));
      throw error;
    }
  }

  async #repeat(exchange: Exchange): Promise<Response> {
    const { clock, counters } = this.#parts;
    const { policy, signal } = exchange;
    this.#budgetOf(policy).request(clock.now());
    for (let tries = 1; ; tries++) {
      const result = await this.#try(exchange);
      const reason = this.#reasonToRepeat(exchange, result, tries);
      if (reason === undefined) {
        if ('response' in result) return result.response;
        throw result.error;
      }
      // The connection can serve again; what could fail here is of no use any more.
      if ('response' in result) await result.response.body?.cancel().catch(() => {});
      counters.add('heddle_runtime_retries_total', { ...policy.labels, reason: String(reason) });
      await this.#pause(backOffOf(tries, this.#parts.random), signal);
    }
  }

  async #try({ policy, signal, send }: Exchange): Promise<Result> {
    const limit = new AbortController();
    const cancel = startTimer(this.#parts.clock, limit, policy.retries?.perTryTimeout);
    try {
      return { response: await send(AbortSignal.any([signal, limit.signal])) };
    } catch (error) {
      if (signal.aborted) return { error, failure: undefined };
      return { error, failure: limit.signal.aborted ? 'timeout' : failureOf(error) };
    } finally {
      cancel();
    }
  }

  /** The status or failure that another try is made for, which has then been taken out of the budget. */
  #reasonToRepeat({ request, policy, signal }: Exchange, result: Result, tries: number): number | Failure | undefined {
    const { retryMethods, counters, clock } = this.#parts;
    const { retries, labels } = policy;
    const outcome = 'response' in result ? result.response.status : result.failure;
    if (outcome === undefined || retries === undefined || tries > retries.attempts || signal.aborted) return undefined;
    if (!request.isRepeatable || !retryMethods.has(methodOnTheWire(request.method))) return undefined;
    if (!isRetried(outcome, retries.retryOn) || ('response' in result && asksForPause(result.response)))
      return undefined;
    if (this.#budgetOf(policy).take(clock.now())) return outcome;
    counters.add('heddle_runtime_retries_withheld_total', labels);
    return undefined;
  }

  #budgetOf({ labels }: RequestPolicy): RetryBudget {
    const budget = this.#budgets.get(labels.service) ?? new RetryBudget(this.#parts.budget);
    this.#budgets.set(labels.service, budget);
    return budget;
  }

  /** Rejects with the signal's reason when that aborts. */
  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((done, fail) => {
      const abort = (): void => {
        cancel();
        fail(signal.reason);
      };
      const cancel = this.#parts.clock.after(
        milliseconds,
        () => {
          signal.removeEventListener('abort', abort);
          done();
        },
        'holds the process',
      );
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #count({ request, policy }: Exchange, code: string): void {
    const method = methodLabel(methodOnTheWire(request.method));
    const labels = { direction: 'outbound', ...policy.labels, method, code };
    this.#parts.counters.add('heddle_runtime_requests_total', labels);
  }
}

/** Aborts with a `TimeoutError`, as `AbortSignal.timeout` does; gives what calls it off. */
function startTimer(clock: Clock, limit: AbortController, milliseconds: number | undefined): () => void {
  if (milliseconds === undefined) return () => {};
  return clock.after(milliseconds, () => {
    limit.abort(new DOMException(`The request took longer than ${milliseconds} ms`, 'TimeoutError'));
  });
}

function backOffOf(tries: number, random: () => number): number {
  return random() * Math.min(backOff.cap, backOff.base * (2 ** tries - 1));
}

/** A server that asks for a pause longer than back-offs are gets it: its answer is handed on. */
function asksForPause({ headers }: Response): boolean {
  const after = headers.get('retry-after');
  return after !== null && after.trim() !== '0';
}

function codeOf(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted === true && error === signal.reason) return 'aborted';
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'timeout';
  return failureOf(error) ?? 'error';
}
