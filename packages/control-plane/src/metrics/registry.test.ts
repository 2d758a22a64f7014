import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metrics } from './catalogue.ts';
import { Registry } from './registry.ts';

/** The lines of one metric. */
const linesOf = (registry: Registry, name: string) =>
  registry
    .text()
    .split('\n')
    .filter(line => line.startsWith(name));

test('counters without labels start at 0, others with their first count', () => {
  const registry = new Registry();
  registry.add('smi_policy_applied_total', { kind: 'TrafficSplit', namespace: 'shop' });
  registry.add('smi_policy_applied_total', { namespace: 'shop', kind: 'TrafficSplit' }, 2);
  assert.deepEqual(linesOf(registry, 'smi_policy_applied_total'), [
    'smi_policy_applied_total{kind="TrafficSplit",namespace="shop"} 3',
  ]);
  assert.deepEqual(linesOf(registry, 'heddle_passes_total'), ['heddle_passes_total 0']);
  assert.deepEqual(linesOf(registry, 'smi_policy_rejected_total'), []);
});

test('a row of a gauge that ends goes to 0', () => {
  const registry = new Registry();
  registry.set('smi_traffic_target_active', [[{ namespace: 'shop' }, 2]]);
  registry.set('smi_traffic_target_active', [
    [{ namespace: 'bank' }, 1],
    [{ namespace: 'bank' }, 1],
  ]);
  assert.deepEqual(linesOf(registry, 'smi_traffic_target_active'), [
    'smi_traffic_target_active{namespace="bank"} 2',
    'smi_traffic_target_active{namespace="shop"} 0',
  ]);
});

test('a histogram cumulates', () => {
  const registry = new Registry();
  for (const seconds of [0.005, 0.006, 100]) registry.observe('heddle_propagation_seconds', seconds);
  const lines = linesOf(registry, 'heddle_propagation_seconds');
  assert.equal(lines[0], 'heddle_propagation_seconds_bucket{le="0.005"} 1');
  assert.equal(lines[1], 'heddle_propagation_seconds_bucket{le="0.01"} 2');
  assert.equal(lines.at(-3), 'heddle_propagation_seconds_bucket{le="+Inf"} 3');
  assert.equal(lines.at(-2), 'heddle_propagation_seconds_sum 100.011');
  assert.equal(lines.at(-1), 'heddle_propagation_seconds_count 3');
});

test('values of labels are escaped', () => {
  const registry = new Registry();
  registry.set('smi_traffic_target_active', [[{ namespace: 'a"\\\n' }, 1]]);
  assert.deepEqual(linesOf(registry, 'smi_traffic_target_active'), [
    String.raw`smi_traffic_target_active{namespace="a\"\\\n"} 1`,
  ]);
});

test('names end as their type has it, but for the one that is given', () => {
  for (const [name, { type, help }] of Object.entries(metrics)) {
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (name !== 'smi_policy_rejected_count') assert.doesNotMatch(name, /_(count|sum|bucket)$/);
    assert.match(help, /^[A-Z].*\.$/);
  }
});
