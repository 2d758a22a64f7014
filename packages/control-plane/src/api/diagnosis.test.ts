import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finding, findingAt, type Reason, type Remark } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { type DiagnosedObject, diagnose, type Evidence, type RunningEvidence } from './diagnosis.ts';
import type { SidecarStatus } from './mesh-status.ts';

const finding = (reason: Reason, kind = 'TrafficSplit'): Finding => {
  const object: KubeObject = {
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind,
    metadata: { namespace: 'shop', name: 'web' },
  };
  return findingAt(reason, { object }, ['spec'], 'Mend it.');
};

const object = (kind: string, accepted = true): DiagnosedObject => ({
  kind,
  namespace: 'shop',
  name: 'web',
  accepted,
  conditions: [],
});

const sidecar: SidecarStatus = {
  namespace: 'shop',
  pod: 'web-0',
  workload: 'shop/web',
  identity: '',
  connected: true,
  inSync: true,
  since: '2026-01-01T00:00:00Z',
  rejected: [],
};

const noRoutes: Remark = {
  message: 'no routes for service',
  object: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web' },
  hint: 'Name a group.',
};

const nothing: Evidence = { objects: [], findings: [], remarks: [] };

/** The steps at which something was found, and what. */
function found(evidence: Partial<Evidence>): string[] {
  return diagnose({ ...nothing, ...evidence })
    .filter(({ outcome }) => outcome !== 'ok')
    .flatMap(({ step, outcome, items }) =>
      items.length === 0 ? [`${step} ${outcome}`] : items.map(({ what }) => `${step} ${outcome}: ${what}`),
    );
}

const running = (evidence: Partial<RunningEvidence>): Partial<Evidence> => ({
  running: { sidecars: [], failing: [], handshakes: [], ...evidence },
});

const handshake = (reason: string) => ({ time: 'now', from: '10.0.0.1', port: 80, reason });
const refusedCaller = handshake('SAN_matcher,_certificate_SANs_are_[spiffe://x/ns/a/sa/b]');

const pending: DiagnosedObject = {
  ...object('TrafficSplit'),
  conditions: [
    {
      type: 'Programmed',
      status: 'False',
      reason: 'Pending',
      message: '1 of 2 sidecars acknowledged it so far.',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};

const cases: [what: string, got: string[], expected: string[]][] = [
  ['a mesh that is well', found({ objects: [object('TrafficSplit')] }), []],
  [
    'a refused object',
    found({ objects: [object('TrafficSplit', false)], findings: [finding('InvalidWeight')] }),
    ['accepted problem: TrafficSplit shop/web spec SMI1006 InvalidWeight'],
  ],
  ['a Service without routes', found({ remarks: [noRoutes] }), ['routes note: Service shop/web', 'profiles note']],
  [
    'a route group that is missing',
    found({ findings: [finding('RouteGroupNotFound')] }),
    ['groups problem: TrafficSplit shop/web spec SMI2004 RouteGroupNotFound'],
  ],
  [
    'a route group that is refused',
    found({ findings: [finding('InvalidRegex', 'HTTPRouteGroup')] }),
    [
      'accepted problem: HTTPRouteGroup shop/web spec SMI1007 InvalidRegex',
      'groups problem: HTTPRouteGroup shop/web spec SMI1007 InvalidRegex',
    ],
  ],
  [
    'a part without effect, and something worth knowing',
    found({ findings: [finding('BackendNotFound'), finding('WeightsScaled')] }),
    ['references problem: TrafficSplit shop/web spec SMI2001 BackendNotFound'],
  ],
  [
    'an object that a sidecar lacks',
    found({ objects: [pending], ...running({}) }),
    ['programmed problem: TrafficSplit shop/web: 1 of 2 sidecars acknowledged it so far.'],
  ],
  [
    'what Envoy refused',
    found({
      findings: [finding('NotProgrammed')],
      ...running({ sidecars: [{ ...sidecar, inSync: false, rejected: [{ name: 'routes', message: 'bad regex' }] }] }),
    }),
    [
      'programmed problem: TrafficSplit shop/web spec SMI5002 NotProgrammed',
      'sidecars problem: shop/web-0 refused routes (NACK): bad regex',
    ],
  ],
  [
    'sidecars that are away or behind',
    found(
      running({ sidecars: [{ ...sidecar, connected: false, inSync: false }, { ...sidecar, inSync: false }, sidecar] }),
    ),
    [
      'sidecars problem: shop/web-0 is not connected since 2026-01-01T00:00:00Z',
      'sidecars problem: shop/web-0 is out of sync since 2026-01-01T00:00:00Z',
    ],
  ],
  [
    'a hop of the loop that fails',
    found(running({ failing: [{ part: 'envoy', message: 'broken', times: 1 }] })),
    ['programmed problem: envoy failed, what was in force stays: broken'],
  ],
  [
    'callers that policy keeps out',
    found(running({ handshakes: [{ namespace: 'shop', pod: 'web-0', failed: [refusedCaller, refusedCaller] }] })),
    [
      'handshakes note: spiffe://x/ns/a/sa/b (10.0.0.1) to shop/web-0:80, 2 times, last at now: alert certificate_unknown. ' +
        'The caller’s identity is not one that may open this TCP port: that is how policy closes it.',
    ],
  ],
  [
    'callers without a sidecar',
    found(
      running({
        handshakes: [{ namespace: 'shop', pod: 'web-0', failed: [handshake('PEER_DID_NOT_RETURN_A_CERTIFICATE')] }],
      }),
    ),
    [
      'handshakes problem: 10.0.0.1 to shop/web-0:80, last at now: alert certificate_required. ' +
        'The caller showed no certificate: it has no sidecar, or led its call past it.',
    ],
  ],
];

for (const [what, got, expected] of cases) test(what, () => assert.deepEqual(got, expected));

test('the questions come in the order in which one thing hides the next', () => {
  const steps = diagnose({ ...nothing, ...running({}) });
  assert.deepEqual(
    steps.map(({ step }) => step),
    ['accepted', 'routes', 'profiles', 'groups', 'references', 'programmed', 'sidecars', 'handshakes'],
  );
});
