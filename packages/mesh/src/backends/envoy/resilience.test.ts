import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../model/settings.ts';
import { protect } from './resilience.ts';

const ofService = { name: 'books', type: 'EDS' } as const;

test('a Service is protected as the settings say, with times as Envoy writes them', () => {
  const outlierDetection = { consecutiveFailures: 3, interval: '1500ms', ejectionTime: '2m', maxEjectionPercent: 40 };
  const limits = { connections: 1, pendingRequests: 2, requests: 3 };
  const cluster = protect(ofService, { outlierDetection, limits });
  assert.deepEqual([cluster.outlierDetection?.interval, cluster.outlierDetection?.baseEjectionTime], ['1.5s', '120s']);
  assert.equal(cluster.outlierDetection?.maxEjectionPercent, 40);
  const [threshold] = cluster.circuitBreakers?.thresholds ?? [];
  assert.deepEqual([threshold?.maxConnections, threshold?.maxPendingRequests, threshold?.maxRequests], [1, 2, 3]);
});

test('nobody is left out where no failures are counted, where nobody may be, or where the client has chosen the pod', () => {
  const { outlierDetection: usual } = defaultSettings;
  for (const outlierDetection of [
    { ...usual, consecutiveFailures: 0 },
    { ...usual, maxEjectionPercent: 0 },
  ])
    assert.equal(protect(ofService, { ...defaultSettings, outlierDetection }).outlierDetection, undefined);
  assert.ok(protect(ofService, defaultSettings).outlierDetection);
  const chosen = protect({ name: 'books', type: 'ORIGINAL_DST' }, defaultSettings);
  assert.ok(chosen.circuitBreakers && chosen.outlierDetection === undefined);
});
