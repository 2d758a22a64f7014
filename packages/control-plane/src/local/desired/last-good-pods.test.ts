import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../pod.ts';
import { LastGoodPods } from './last-good-pods.ts';

const pod = (name: string, ip: string): Pod => ({ namespace: 'shop', name, ip, containers: [] });

test('a pod that is refused goes on as it was; one that is no longer written ends', () => {
  const known = new LastGoodPods();
  const [web, api] = [pod('web', '10.0.0.2'), pod('api', '10.0.0.3')];
  assert.deepEqual(known.keep({ pods: [api, web], refused: new Set(['shop/new']) }), [api, web]);
  assert.deepEqual(known.keep({ pods: [api], refused: new Set(['shop/web']) }), [api, web]);
  assert.deepEqual(known.keep({ pods: [api], refused: new Set(['shop/web']) }), [api, web], 'for as long as it takes');
  assert.deepEqual(known.keep({ pods: [api], refused: new Set() }), [api]);
  assert.deepEqual(known.keep({ pods: [api], refused: new Set(['shop/web']) }), [api], 'forgotten');
});

test('an address that another pod has now is given up', () => {
  const known = new LastGoodPods();
  known.keep({ pods: [pod('web', '10.0.0.2')], refused: new Set() });
  const other = pod('other', '10.0.0.2');
  assert.deepEqual(known.keep({ pods: [other], refused: new Set(['shop/web']) }), [other]);
});

test('pods that run since before go on as if it had started them', () => {
  const known = new LastGoodPods();
  const [web, api] = [pod('web', '10.0.0.2'), pod('api', '10.0.0.3')];
  known.restore([web, api]);
  assert.deepEqual(known.keep({ pods: [], refused: new Set(['shop/web']) }), [web]);
});
