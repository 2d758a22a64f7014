import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiRequest } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { standForElection } from './leader-election.ts';

/** An API server with one Lease, which may be out of reach. */
class LeaseServer {
  isDown = false;
  holder: string | undefined;
  writes = 0;
  #version = 0;
  #spec: Record<string, unknown> = {};

  readonly json = async <T>({ method = 'GET', body }: ApiRequest): Promise<T> => {
    await Promise.resolve();
    if (this.isDown) throw new ApiError('no', { status: 0, code: 'Unreachable' });
    if (method === 'GET') {
      if (this.#version === 0) throw new ApiError('none', { status: 404, code: 'NotFound' });
      return { metadata: { resourceVersion: String(this.#version) }, spec: this.#spec } as T;
    }
    const { metadata, spec } = body as { metadata: { resourceVersion?: string }; spec: Record<string, unknown> };
    const isStale = method === 'POST' ? this.#version !== 0 : metadata.resourceVersion !== String(this.#version);
    if (isStale) throw new ApiError('stale', { status: 409, code: 'Conflict' });
    this.#version += 1;
    this.writes += 1;
    this.#spec = spec;
    this.holder = spec['holderIdentity'] as string;
    return {} as T;
  };
}

/** A candidate whose time stands still until it is told to go on. */
class TestCandidate {
  isLeading = false;
  terms = 0;
  time = 0;
  readonly stop = new AbortController();
  readonly done: Promise<void>;
  #go: (() => void) | undefined;
  #paused = Promise.withResolvers<void>();

  constructor(identity: string, server: LeaseServer) {
    this.done = standForElection(
      {
        client: server,
        namespace: 'n',
        name: 'l',
        identity,
        clock: () => this.time,
        pause: async (_milliseconds, signal) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#go = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
          this.#paused.resolve();
          await promise;
        },
      },
      async signal => {
        this.isLeading = true;
        this.terms += 1;
        const { promise, resolve } = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        this.isLeading = false;
      },
      this.stop.signal,
    );
  }

  /** Waits for the end of the try that is under way. */
  async settled(): Promise<void> {
    await this.#paused.promise;
  }

  /** Lets two seconds pass, and the next try be made. */
  async next(milliseconds = 2000): Promise<void> {
    await this.settled();
    this.time += milliseconds;
    this.#paused = Promise.withResolvers();
    this.#go?.();
    await this.settled();
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.done;
  }
}

test('one of two leads; when it ends the other takes over at once', async () => {
  const server = new LeaseServer();
  const a = new TestCandidate('a', server);
  await a.settled();
  const b = new TestCandidate('b', server);
  await b.settled();
  assert.deepEqual([a.isLeading, b.isLeading], [true, false]);
  await a.end();
  assert.equal(server.holder, '');
  await b.next();
  assert.equal(b.isLeading, true);
  await b.end();
});

test('one that vanished is followed after the time of its Lease, by the clock of who waits', async () => {
  const server = new LeaseServer();
  const a = new TestCandidate('a', server);
  await a.settled();
  const b = new TestCandidate('b', server);
  await b.settled();
  b.time += 1e9; // its clock was never that of the other
  await b.next();
  assert.equal(b.isLeading, true, 'by its own clock the Lease was not renewed for long');
  await a.next();
  assert.deepEqual([a.isLeading, server.holder], [false, 'b']);
  await Promise.all([a.end(), b.end()]);
});

test('a Lease that is renewed is left to its holder', async () => {
  const server = new LeaseServer();
  const a = new TestCandidate('a', server);
  await a.settled();
  const b = new TestCandidate('b', server);
  for (let round = 0; round < 20; round += 1) {
    await a.next();
    await b.next();
    assert.deepEqual([a.isLeading, b.isLeading], [true, false]);
  }
  assert.equal(a.terms, 1);
  await Promise.all([a.end(), b.end()]);
});

test('a leader that reaches nobody goes on for ten seconds, and no longer', async () => {
  const server = new LeaseServer();
  const a = new TestCandidate('a', server);
  await a.settled();
  server.isDown = true;
  for (let seconds = 2; seconds < 10; seconds += 2) {
    await a.next();
    assert.equal(a.isLeading, true, `${seconds} seconds`);
  }
  await a.next();
  assert.equal(a.isLeading, false);
  server.isDown = false;
  await a.next();
  assert.equal(a.isLeading, true);
  await a.end();
});

test('of two that find no Lease one makes it', async () => {
  const server = new LeaseServer();
  const both = [new TestCandidate('a', server), new TestCandidate('b', server)];
  await Promise.all(both.map(async each => await each.settled()));
  assert.equal(both.filter(({ isLeading }) => isLeading).length, 1);
  await Promise.all(both.map(async each => await each.end()));
});
