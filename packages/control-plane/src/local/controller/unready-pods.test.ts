import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, PodStatus, SidecarStatus } from '../pod.ts';
import { unreadyPods } from './unready-pods.ts';

const at = '2026-01-01T00:00:00Z';

function container(more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name: 'app', state: 'running', ready: true, restartCount: 0, ...more };
}

function sidecar(more: Partial<SidecarStatus> = {}): SidecarStatus {
  return { state: 'running', ready: true, version: null, adminSocket: '/s', restartCount: 0, ...more };
}

function pod(more: Partial<PodStatus> = {}): PodStatus {
  const containers = [container({ ready: false })];
  return {
    namespace: 'shop',
    name: 'web',
    ip: '10.0.0.2',
    phase: 'Running',
    ready: false,
    containers,
    sidecar: sidecar(),
    since: at,
    ...more,
  };
}

function why(status: PodStatus): string[] {
  return unreadyPods({ meant: [status], wanted: [status], running: [status] }).map(
    ({ state, message, restarts }) => `${state}: ${message}${restarts === 0 ? '' : `, ${restarts} restarts`}`,
  );
}

test('a pod that is ready, or being ended, is none', () => {
  assert.deepEqual(why(pod({ ready: true })), []);
  assert.deepEqual(why(pod({ phase: 'Terminating' })), []);
});

test('what a pod waits for is told, the sidecar first', () => {
  const cases: [Partial<PodStatus>, string][] = [
    [{ containers: [] }, 'starting: it is starting'],
    [{ sidecar: sidecar({ ready: false }) }, 'starting: its sidecar is starting'],
    [{ containers: [container({ ready: false, state: 'waiting' })] }, 'starting: its container app is starting'],
    [{}, 'starting: its container app runs, but its readiness probe has not succeeded yet'],
    [{ phase: 'Succeeded' }, 'ended: it has run to its end'],
    [{ message: 'no such file' }, 'failing: it could not be set up: no such file'],
  ];
  for (const [more, expected] of cases) assert.deepEqual(why(pod(more)), [expected]);
});

test('how a process ended is told, and how often it was started again', () => {
  const ended = (lastExit: Omit<NonNullable<ContainerStatus['lastExit']>, 'at'>) =>
    why(pod({ containers: [container({ ready: false, restartCount: 3, lastExit: { at, ...lastExit } })] }));
  assert.deepEqual(ended({ code: 1, signal: null }), ['failing: its container app ended with exit code 1, 3 restarts']);
  assert.deepEqual(ended({ code: 127, signal: null }), [
    'failing: its container app ended with exit code 127 (is the program there?), 3 restarts',
  ]);
  assert.deepEqual(ended({ code: null, signal: 'SIGKILL' }), [
    'failing: its container app was killed by SIGKILL, 3 restarts',
  ]);
  assert.deepEqual(ended({ code: 0, signal: null, reason: 'the liveness probe failed' }), [
    'failing: its container app was ended since the liveness probe failed, 3 restarts',
  ]);
  const envoy = sidecar({ ready: false, restartCount: 1, lastExit: { at, code: 2, signal: null } });
  assert.deepEqual(why(pod({ sidecar: envoy })), ['failing: its sidecar ended with exit code 2, 1 restarts']);
});

test('what is written and is not to run is refused; what the node has not heard of yet is not', () => {
  const names = unreadyPods({
    meant: [
      { namespace: 'shop', name: 'refused' },
      { namespace: 'shop', name: 'coming' },
    ],
    wanted: [{ namespace: 'shop', name: 'coming' }],
    running: [],
  });
  assert.deepEqual(
    names.map(({ name, state }) => `${name} ${state}`),
    ['refused refused'],
  );
});
