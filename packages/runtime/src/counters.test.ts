import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, methodLabel } from './counters.ts';

test('counters are written in the text format of Prometheus', () => {
  const counters = new Counters();
  counters.add('heddle_runtime_retries_total', { service: 'b.shop', route: 'list', reason: '503' });
  counters.add('heddle_runtime_retries_total', { service: 'a.shop', route: 'say "hi"\\\n', reason: 'reset' });
  counters.add('heddle_runtime_retries_total', { service: 'b.shop', route: 'list', reason: '503' });
  counters.set('heddle_runtime_config_current', {}, 1);
  const text = counters.text();
  assert.match(text, /^# HELP heddle_runtime_requests_total .+\n# TYPE heddle_runtime_requests_total counter\n# HELP/);
  assert.ok(
    text.includes(
      '# TYPE heddle_runtime_retries_total counter\n' +
        'heddle_runtime_retries_total{service="a.shop",route="say \\"hi\\"\\\\\\n",reason="reset"} 1\n' +
        'heddle_runtime_retries_total{service="b.shop",route="list",reason="503"} 2\n#',
    ),
  );
  assert.ok(text.endsWith('# TYPE heddle_runtime_config_current gauge\nheddle_runtime_config_current 1\n'));
});

test('a made-up method makes no row of its own', () => {
  assert.deepEqual(['GET', 'PATCH', 'BREW', 'get'].map(methodLabel), ['GET', 'PATCH', 'other', 'other']);
});
