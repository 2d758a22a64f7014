import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../pod.ts';
import { diffPods } from './pod-diff.ts';

function pod(name: string, ip: string, more: Partial<Pod> = {}): Pod {
  return { namespace: 'shop', name, ip, containers: [{ name: 'app', command: ['true'] }], ...more };
}

function diff(before: readonly Pod[], after: readonly Pod[]) {
  const { start, update, replace, stop } = diffPods(new Map(before.map(pod => [`shop/${pod.name}`, pod])), after);
  return { start: names(start), update: names(update), replace: names(replace), stop: stop.join() };
}

function names(pods: readonly Pod[]): string {
  return pods.map(({ name }) => name).join();
}

const files = (text: string) => [{ name: 'config', files: { a: { data: text } } }];

test('an equal list changes nothing, in any order', () => {
  const [a, b] = [pod('a', '10.0.0.1'), pod('b', '10.0.0.2')];
  assert.deepEqual(diff([a, b], structuredClone([b, a])), { start: '', update: '', replace: '', stop: '' });
});

test('pods come, go and are replaced', () => {
  const before = [pod('a', '10.0.0.1'), pod('b', '10.0.0.2')];
  const after = [pod('a', '10.0.0.1', { uid: 'new' }), pod('c', '10.0.0.2')];
  assert.deepEqual(diff(before, after), { start: 'c', update: '', replace: 'a', stop: 'shop/b' });
});

test('content of a volume is changed in place, other volumes are not', () => {
  const before = [pod('a', '10.0.0.1', { volumes: files('one') })];
  assert.equal(diff(before, [pod('a', '10.0.0.1', { volumes: files('two') })]).update, 'a');
  const other = [pod('a', '10.0.0.1', { volumes: [{ name: 'config', emptyDir: true }] })];
  assert.equal(diff(before, other).replace, 'a');
});

test('the level of a sidecar’s log is changed in place, anything else of it is not', () => {
  const sidecar = { nodeId: 'a', caller: 'a.shop', envoy: '/envoy', xdsDirectory: '/xds' };
  const before = [pod('a', '10.0.0.1', { sidecar })];
  const after = (more: object) => diff(before, [pod('a', '10.0.0.1', { sidecar: { ...sidecar, ...more } })]);
  assert.deepEqual([after({}).update, after({ logLevel: 'debug' }).update], ['', 'a']);
  assert.equal(after({ nodeId: 'b' }).replace, 'a');
});

test('two pods of one name or one address are refused', () => {
  assert.throws(() => diff([], [pod('a', '10.0.0.1'), pod('a', '10.0.0.2')]), /shop\/a is listed twice/);
  assert.throws(() => diff([], [pod('a', '10.0.0.1'), pod('b', '10.0.0.1')]), /share the address 10\.0\.0\.1/);
});
