// Timeouts and repetitions, with a clock and a `fetch` of the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';
import type { RetryPolicy } from './config.ts';
import { Counters } from './counters.ts';
import { type Fetch, idempotentMethods, MeshFetch, type MeshFetchParts } from './mesh-fetch.ts';
import { Propagation } from './propagation.ts';

/** A clock that stands still until everybody waits, and then jumps to whoever waits least. */
class JumpingClock implements Clock {
  readonly waits: number[] = [];
  #now = 0;
  #timers: { readonly at: number; readonly call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, then: () => void, holds?: string): () => void {
    const timer = { at: this.#now + milliseconds, call: then };
    this.#timers.push(timer);
    if (holds !== undefined) this.waits.push(milliseconds);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass until a promise is settled. */
  async during<Value>(promise: Promise<Value>): Promise<Value> {
    const settled = promise.then(
      () => true,
      () => true,
    );
    // All that can happen without time passing happens first.
    while (!(await Promise.race([settled, new Promise<false>(turn => setImmediate(turn, false))]))) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) continue;
      this.#timers = this.#timers.filter(other => other !== next);
      this.#now = next.at;
      next.call();
    }
    return promise;
  }
}

type Step = number | 'silence' | Error | Response;

const askingForPause = (seconds: string): Response =>
  new Response(null, { status: 503, headers: { 'retry-after': seconds } });

const refused = new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
const policy: RetryPolicy = { attempts: 2, perTryTimeout: undefined, retryOn: ['5xx'] };

interface Setup extends Partial<Pick<MeshFetchParts, 'budget' | 'retryMethods' | 'propagateTo'>> {
  readonly timeout?: number;
  readonly retries?: RetryPolicy | undefined;
  readonly serving?: Record<string, string>;
}

/** A `fetch` whose tries end as listed, the last one for ever. */
function setUp(steps: readonly Step[], { timeout, retries = policy, serving, ...rest }: Setup = {}) {
  const clock = new JumpingClock();
  const counters = new Counters();
  const propagation = new Propagation([]);
  const sent: { method: string; headers: Headers; body: unknown }[] = [];
  const fetch: Fetch = async (_input, init) => {
    const step = steps[Math.min(sent.length, steps.length - 1)] ?? 200;
    sent.push({ method: init?.method ?? 'GET', headers: new Headers(init?.headers), body: init?.body });
    init?.signal?.throwIfAborted();
    if (step instanceof Error) throw step;
    if (step instanceof Response) return step;
    if (step !== 'silence') return new Response('text', { status: step });
    return await new Promise((_, fail) => {
      init?.signal?.addEventListener('abort', () => fail(init.signal?.reason));
    });
  };
  const mesh = new MeshFetch({
    policyOf: () => ({ labels: { service: 'reviews.shop', route: 'list' }, timeout, retries }),
    counters,
    propagation,
    propagateTo: () => true,
    retryMethods: new Set(idempotentMethods),
    budget: {},
    clock,
    random: () => 0.5,
    fetch,
    ...rest,
  });
  const call = (init?: RequestInit, input: string | Request = 'http://reviews/list') => {
    const made = () => mesh.fetch(input, init);
    if (serving === undefined) return clock.during(made());
    return clock.during(propagation.run({ route: undefined, headers: propagation.pick(serving) }, made));
  };
  const row = (start: string): string[] =>
    counters
      .text()
      .split('\n')
      .filter(line => line.startsWith(start));
  return { clock, sent, call, row };
}

test('an answer is handed on, and counted', async () => {
  const { sent, call, row } = setUp([200]);
  assert.equal(await (await call()).text(), 'text');
  assert.equal(sent.length, 1);
  assert.deepEqual(row('heddle_runtime_requests_total{'), [
    'heddle_runtime_requests_total{direction="outbound",service="reviews.shop",route="list",method="GET",code="200"} 1',
  ]);
});

test('failures are repeated after a jittered pause that grows', async () => {
  const retries = { ...policy, attempts: 5 };
  const { clock, sent, call, row } = setUp([503, refused, 500, 502, 504, 200], { retries });
  assert.equal((await call()).status, 200);
  assert.equal(sent.length, 6);
  assert.deepEqual(clock.waits, [12.5, 37.5, 87.5, 125, 125]);
  assert.deepEqual(
    row('heddle_runtime_retries_total{').map(line => /reason="(.*)"/.exec(line)?.[1]),
    ['500', '502', '503', '504', 'connect-failure'],
  );
});

test('after the last attempt the answer or error is handed on as it is', async () => {
  const answered = setUp([503]);
  const response = await answered.call();
  assert.deepEqual([response.status, await response.text(), answered.sent.length], [503, 'text', 3]);
  const failed = setUp([refused]);
  await assert.rejects(failed.call(), error => error === refused);
  assert.equal(failed.sent.length, 3);
  assert.match(failed.row('heddle_runtime_requests_total{').join(), /code="connect-failure"\} 1$/);
});

test('what a policy does not name is not repeated', async () => {
  const retries = { ...policy, retryOn: [503] };
  for (const [steps, options] of [
    [[404], {}],
    [[500], { retries }],
    [[refused], { retries }],
    [[new TypeError('Invalid URL')], {}],
    [[503], { retries: undefined, timeout: 1 }],
  ] as const) {
    const { sent, call } = setUp(steps, {
      ...options,
      ...('timeout' in options ? { retries: { ...policy, attempts: 0 } } : {}),
    });
    await call().catch(() => {});
    assert.equal(sent.length, 1, String(steps));
  }
});

test('only methods that may come twice are repeated', async () => {
  for (const [method, tries] of [
    ['GET', 3],
    ['put', 3],
    ['DELETE', 3],
    ['POST', 1],
    ['PATCH', 1],
  ] as const) {
    const { sent, call } = setUp([503]);
    await call({ method });
    assert.equal(sent.length, tries, method);
  }
  const { sent, call } = setUp([503], { retryMethods: new Set(['POST']) });
  await call({ method: 'POST', body: 'kept' });
  assert.deepEqual(
    sent.map(({ body }) => body),
    ['kept', 'kept', 'kept'],
  );
});

test('a body that is consumed by the first try is never sent again', async () => {
  const bodies: readonly (readonly [RequestInit['body'], number])[] = [
    ['text', 3],
    [new Uint8Array([1]), 3],
    [new ArrayBuffer(1), 3],
    [new Blob(['text']), 3],
    [new URLSearchParams({ a: '1' }), 3],
    [new FormData(), 3],
    [new Blob(['text']).stream(), 1],
    [
      (async function* () {
        yield new Uint8Array([1]);
      })(),
      1,
    ],
  ];
  for (const [body, tries] of bodies) {
    const { sent, call } = setUp([503]);
    await call({ method: 'PUT', body: body ?? null, duplex: 'half' });
    assert.equal(sent.length, tries, Object.prototype.toString.call(body));
  }
  const withBody = setUp([503]);
  await withBody.call({}, new Request('http://reviews/', { method: 'PUT', body: 'text' }));
  assert.equal(withBody.sent.length, 1);
  const without = setUp([503]);
  await without.call({}, new Request('http://reviews/'));
  assert.equal(without.sent.length, 3);
});

test('a server that asks for a pause is not asked again', async () => {
  const paused = setUp([askingForPause('2')]);
  assert.equal((await paused.call()).status, 503);
  assert.equal(paused.sent.length, 1);
  const at = setUp([askingForPause('0'), 200]);
  assert.equal((await at.call()).status, 200);
});

test('the timeout holds over all tries, pauses included', async () => {
  const { clock, sent, call, row } = setUp([503, 'silence'], { timeout: 100 });
  await assert.rejects(call(), { name: 'TimeoutError', message: 'The request took longer than 100 ms' });
  assert.deepEqual([clock.now(), sent.length, clock.pending], [100, 2, 0]);
  assert.match(row('heddle_runtime_requests_total{').join(), /code="timeout"\} 1$/);
  const pausing = setUp([503], { timeout: 10 });
  await assert.rejects(pausing.call(), { name: 'TimeoutError' });
  assert.deepEqual([pausing.clock.now(), pausing.sent.length, pausing.clock.pending], [10, 1, 0]);
});

test('a try that brings no answer in its time is given up and repeated', async () => {
  const retries = { ...policy, perTryTimeout: 20 };
  const { clock, sent, call, row } = setUp(['silence', 200], { retries });
  assert.equal((await call()).status, 200);
  assert.deepEqual([clock.now(), sent.length], [32.5, 2]);
  assert.match(row('heddle_runtime_retries_total{').join(), /reason="timeout"\} 1$/);
  const silent = setUp(['silence'], { retries });
  await assert.rejects(silent.call(), { name: 'TimeoutError', message: 'The request took longer than 20 ms' });
  assert.equal(silent.sent.length, 3);
});

test('the signal of the caller ends tries and pauses, with its own reason', async () => {
  const reason = new Error('changed my mind');
  for (const steps of [['silence'], [503]] as const) {
    const { clock, sent, call, row } = setUp(steps, { timeout: 1000 });
    const abort = new AbortController();
    clock.after(5, () => abort.abort(reason));
    await assert.rejects(call({ signal: abort.signal }), error => error === reason);
    assert.deepEqual([sent.length, clock.pending], [1, 0]);
    assert.match(row('heddle_runtime_requests_total{').join(), /code="aborted"\} 1$/);
  }
  const request = new Request('http://reviews/', { signal: AbortSignal.abort(reason) });
  await assert.rejects(setUp([200]).call(undefined, request), error => error === reason);
});

test('repetitions end where the budget of the service is spent', async () => {
  const { sent, call, row } = setUp([503], { budget: { ratio: 0.2, perSecond: 0 } });
  for (let request = 0; request < 10; request++) await call();
  assert.equal(sent.length, 12);
  assert.deepEqual(row('heddle_runtime_retries_withheld_total{'), [
    'heddle_runtime_retries_withheld_total{service="reviews.shop",route="list"} 10',
  ]);
});

test('headers of the request that is served go with each try', async () => {
  const serving = { 'x-request-id': '7', b3: '0' };
  const { sent, call } = setUp([503, 200], { serving });
  await call({ headers: { b3: 'own', accept: 'text/plain' } });
  for (const { headers } of sent)
    assert.deepEqual(Object.fromEntries(headers), { accept: 'text/plain', b3: 'own', 'x-request-id': '7' });
  const kept = setUp([200], { serving, propagateTo: url => url.hostname !== 'reviews' });
  await kept.call();
  assert.deepEqual([...(kept.sent[0]?.headers ?? [])], []);
});
