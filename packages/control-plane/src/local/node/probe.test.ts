import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Probe } from '../pod.ts';
import type { Clock } from './clock.ts';
import { runProbe } from './probe.ts';

/** Probes a container whose health is known for each moment, for so many seconds; tells when what was reported. */
async function reports(probe: Probe, healthyAt: (second: number) => boolean, seconds: number) {
  const end = new AbortController();
  let time = 0;
  const asked: number[] = [];
  const reported: string[] = [];
  const clock: Clock = {
    now: () => time,
    sleep(milliseconds) {
      time += milliseconds;
      if (time > seconds * 1000) end.abort();
      return Promise.resolve();
    },
  };
  const check = () => {
    asked.push(time / 1000);
    return Promise.resolve(healthyAt(time / 1000));
  };
  const report = (healthy: boolean) => reported.push(`${time / 1000} ${healthy ? 'healthy' : 'unhealthy'}`);
  await runProbe(probe, check, report, { clock, signal: end.signal });
  return { asked, reported };
}

test('a container that comes up at once is seen at once, then asked once a period', async () => {
  const { asked, reported } = await reports({ periodSeconds: 10 }, second => second >= 0.3, 25);
  assert.deepEqual(asked, [0, 0.05, 0.125, 0.2375, 0.40625, 10.40625, 20.40625]);
  assert.deepEqual(reported, ['0.40625 healthy']);
});

test('so many failures in a row are needed, and so many successes', async () => {
  const probe = { periodSeconds: 1, failureThreshold: 2, successThreshold: 2 };
  const { reported } = await reports(probe, second => second < 2 || second === 3 || second >= 6, 8);
  assert.deepEqual(reported, ['1 healthy', '5 unhealthy', '7 healthy']);
});

test('one that never comes up fails after as many periods as in Kubernetes', async () => {
  const { reported } = await reports(
    { periodSeconds: 2, failureThreshold: 3, initialDelaySeconds: 5 },
    () => false,
    14,
  );
  assert.equal(reported.length, 1);
  const [at = 0] = (reported[0] ?? '').split(' ').map(Number);
  assert.ok(at >= 11 && at <= 15, reported[0]);
});

test('an error counts as a failure', async () => {
  const { reported } = await reports(
    { periodSeconds: 1, failureThreshold: 1 },
    second => {
      if (second > 2) throw new Error('refused');
      return true;
    },
    5,
  );
  assert.deepEqual(reported, ['0 healthy', '3 unhealthy']);
});
