import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ApiRequest } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { watchResources } from './watch-resources.ts';

const object = (name: string, version: number, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, resourceVersion: String(version), managedFields: [{ manager: 'x' }], ...more },
});
const event = (type: string, what: object) => `${JSON.stringify({ type, object: what })}\n`;
const added = (name: string, version: number) => event('ADDED', object(name, version));
const listEnd = (version: number) =>
  event('BOOKMARK', object('', version, { annotations: { 'k8s.io/initial-events-end': 'true' } }));
const expired = event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
const refusal = (status: number, code = 'Refused') => new ApiError('no', { status, code });

const pause = async () => await Promise.resolve();

/** What the server answers to the next question; a list of chunks is a stream, which an error cuts. */
type Answer = Error | object | readonly (string | Buffer | Error)[];

/** Follows a scripted server to the end of its script; gives what was asked and what was told. */
async function follow(script: Answer[], pageSize?: number) {
  const asked: string[] = [];
  const told: string[] = [];
  const end = new AbortController();
  const answer = ({ query = {} }: ApiRequest): Answer => {
    const { allowWatchBookmarks: _bookmarks, timeoutSeconds: _seconds, resourceVersionMatch: _match, ...rest } = query;
    asked.push(new URLSearchParams(rest).toString());
    const next = script.shift();
    if (next === undefined) end.abort();
    if (next === undefined) throw new Error('the script is over');
    if (next instanceof Error) throw next;
    return next;
  };
  const client = {
    json: async <T>(request: ApiRequest): Promise<T> => (await Promise.resolve(answer(request))) as T,
    stream: async (request: ApiRequest): Promise<IncomingMessage> => {
      const chunks = (await Promise.resolve(answer(request))) as (string | Buffer | Error)[];
      return Readable.from(pieces(chunks)) as unknown as IncomingMessage;
    },
  };
  const listener = {
    replaced: (objects: readonly { metadata: { name: string } }[]) =>
      void told.push(`all: ${objects.map(({ metadata }) => metadata.name).join(' ')}`),
    changed: ({ metadata }: { metadata: object }) => void told.push(`changed ${JSON.stringify(metadata)}`),
    removed: ({ metadata }: { metadata: { name: string } }) => void told.push(`removed ${metadata.name}`),
    failed: (error: unknown, retryIn: number) => void told.push(`failed ${(error as ApiError).status} ${retryIn}`),
    recovered: () => void told.push('recovered'),
  };
  const options = { client, path: '/api/v1/things', listener, random: () => 0, pause };
  await watchResources({ ...options, ...(pageSize !== undefined && { pageSize }) }, end.signal);
  return { asked, told };
}

async function* pieces(chunks: readonly (string | Buffer | Error)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    await Promise.resolve();
    if (chunk instanceof Error) throw chunk;
    yield Buffer.from(chunk);
  }
}

test('a list that is streamed goes over into its watch, and a watch that ends is resumed where it stood', async () => {
  const { asked, told } = await follow([
    [added('a', 1), added('b', 2), listEnd(5), event('MODIFIED', object('a', 6)), event('DELETED', object('b', 7))],
    [event('BOOKMARK', object('', 9))],
  ]);
  assert.deepEqual(told, ['all: a b', 'changed {"name":"a","resourceVersion":"6"}', 'removed b']);
  assert.deepEqual(asked, [
    'sendInitialEvents=true&watch=true',
    'resourceVersion=7&watch=true',
    'resourceVersion=9&watch=true',
  ]);
});

const page = (name: string, more: string) => ({
  kind: 'ThingList',
  apiVersion: 'v1',
  metadata: { resourceVersion: '4', continue: more },
  items: [{ metadata: { name } }],
});

test('a server that streams no lists is asked for pages', async () => {
  const { asked, told } = await follow([refusal(422), page('a', 'next'), page('b', '')], 1);
  assert.deepEqual(told, ['all: a b']);
  assert.deepEqual(asked.slice(1), ['limit=1', 'limit=1&continue=next', 'resourceVersion=4&watch=true']);
});

test('pages that expire while they are turned are asked for as a whole', async () => {
  const first = { metadata: { resourceVersion: '4', continue: 'next' }, items: [object('a', 1)] };
  const whole = { metadata: { resourceVersion: '8' }, items: [object('b', 1)] };
  const { asked, told } = await follow([refusal(422), first, refusal(410), whole]);
  assert.deepEqual(told, ['all: b']);
  assert.deepEqual(asked.slice(1, 4), ['limit=500', 'limit=500&continue=next', '']);
});

test('what the server has forgotten is listed anew, at once and without a word', async () => {
  const { asked, told } = await follow([[added('a', 1), listEnd(5)], [expired], [added('b', 6), listEnd(7)]]);
  assert.deepEqual(told, ['all: a', 'all: b']);
  assert.equal(asked[2], 'sendInitialEvents=true&watch=true');
});

test('one that forgets everything at once is asked with back-off', async () => {
  const forgetful = [refusal(410), refusal(410), refusal(410)];
  const { told } = await follow([[added('a', 1), listEnd(5)], ...forgetful, [added('a', 1), listEnd(6)]]);
  assert.deepEqual(told, ['all: a', 'failed 410 500', 'failed 410 1000', 'all: a', 'recovered']);
});

test('a watch that is cut is resumed, and nothing is lost or said twice', async () => {
  const cut = new Error('socket hang up');
  const { asked, told } = await follow([[added('a', 1), listEnd(5), cut], [event('ADDED', object('b', 6))]]);
  assert.deepEqual(told, ['all: a', 'failed 0 250', 'recovered', 'changed {"name":"b","resourceVersion":"6"}']);
  assert.equal(asked[1], 'resourceVersion=5&watch=true');
});

test('a list that breaks off is no list', async () => {
  const { told } = await follow([[added('a', 1)], [added('a', 1), added('b', 2), listEnd(5)]]);
  assert.deepEqual(told, ['failed 0 250', 'all: a b', 'recovered']);
});

test('what is refused is tried again, ever more slowly, up to ten seconds', async () => {
  const { told } = await follow([...Array.from({ length: 8 }, () => refusal(403)), [added('a', 1), listEnd(2)]]);
  const waits = [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000];
  assert.deepEqual(told, [...waits.map(wait => `failed 403 ${wait}`), 'all: a', 'recovered']);
});

test('a kind that is gone is listed when it is back, since it may be another one by then', async () => {
  const { asked } = await follow([[added('a', 1), listEnd(5)], refusal(404), [added('a', 9), listEnd(9)]]);
  assert.equal(asked[2], 'sendInitialEvents=true&watch=true');
});

test('a server that asks for patience gets it', async () => {
  const busy = new ApiError('busy', { status: 429, code: 'TooManyRequests', retryAfter: 7 });
  assert.deepEqual((await follow([busy])).told, ['failed 429 7000']);
});

test('a server that ends every watch at once is not asked at once', async () => {
  const { told } = await follow([[added('a', 1), listEnd(5)], [], []]);
  assert.deepEqual(told, ['all: a', 'failed 0 250', 'recovered', 'failed 0 500']);
});

test('lines and characters may come in pieces', async () => {
  const line = Buffer.from(event('ADDED', object('ä', 6)));
  const bytes = Array.from(line, (_, index) => line.subarray(index, index + 1));
  const { told } = await follow([[added('a', 1) + listEnd(5), ...bytes]]);
  assert.deepEqual(told, ['all: a', 'changed {"name":"ä","resourceVersion":"6"}']);
});

test('what is no JSON ends the watch, which is resumed before it', async () => {
  const { asked, told } = await follow([[added('a', 1), listEnd(5), '{"type":\n'], [added('b', 6)]]);
  assert.deepEqual(told.slice(0, 2), ['all: a', 'failed 0 250']);
  assert.equal(asked[1], 'resourceVersion=5&watch=true');
});
