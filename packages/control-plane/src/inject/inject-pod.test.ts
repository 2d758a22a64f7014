import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonRecord } from '../sources/record.ts';
import { type Injection, injectPod } from './inject-pod.ts';
import { type PodToInject, recordsIn } from './pod-to-inject.ts';
import { defaultInjection, type InjectionSettings } from './settings.ts';

const settings = defaultInjection('1.2.3');
const plain: InjectionSettings = { ...settings, nativeSidecars: false };
const enrolled = { namespace: 'shop', marks: { labels: { 'heddle.dev/mesh': 'heddle' }, annotations: {} } };

function pod({ annotations, container, ...rest }: Record<string, JsonRecord | JsonRecord[]> = {}): PodToInject {
  const { metadata = {}, ...spec } = rest;
  return {
    metadata: { name: 'web', ...(annotations && { annotations }), ...(metadata as JsonRecord) },
    spec: { containers: [{ name: 'app', image: 'app:1', ...(container as JsonRecord) }], ...spec },
  };
}

function made(injection: Injection): { spec: JsonRecord; metadata: JsonRecord } {
  assert.equal(injection.kind, 'injected', JSON.stringify(injection));
  return injection.pod;
}

const inject = (given: PodToInject, options = settings, where: Parameters<typeof injectPod>[1] = enrolled) =>
  injectPod(given, where, options);
const names = (list: unknown): unknown[] => recordsIn(list).map(({ name }) => name);
const named = (list: unknown, name: string): JsonRecord => recordsIn(list).find(item => item['name'] === name) ?? {};

type Bootstrap = {
  staticResources: {
    listeners: { name: string; address: { socketAddress: { portValue: number } } }[];
    clusters: { name: string }[];
  };
};
const bootstrapOf = (spec: JsonRecord): Bootstrap => {
  const [sidecar = {}] = [...recordsIn(spec['initContainers']), ...recordsIn(spec['containers'])].filter(
    ({ name }) => name === 'heddle-sidecar',
  );
  return JSON.parse((sidecar['args'] as string[])[1] ?? '') as Bootstrap;
};

test('a native sidecar starts before everything else of the pod but what leads to it', () => {
  const { spec, metadata } = made(inject(pod({ initContainers: [{ name: 'migrate' }] })));
  assert.deepEqual(names(spec['initContainers']), ['heddle-init', 'heddle-sidecar', 'migrate']);
  assert.deepEqual(names(spec['containers']), ['app']);
  const sidecar = named(spec['initContainers'], 'heddle-sidecar');
  assert.equal(sidecar['restartPolicy'], 'Always');
  assert.deepEqual((sidecar['startupProbe'] as JsonRecord)['httpGet'], { path: '/ready', port: 15021 });
  assert.deepEqual(metadata['annotations'], { 'heddle.dev/injected': '1.2.3' });
});

test('where there are none it is a container, which drains, and traffic leads to it last', () => {
  const { spec, metadata } = made(inject(pod({ initContainers: [{ name: 'migrate' }] }), plain));
  assert.deepEqual(names(spec['initContainers']), ['migrate', 'heddle-init']);
  assert.deepEqual(names(spec['containers']), ['heddle-sidecar', 'app']);
  const sidecar = named(spec['containers'], 'heddle-sidecar');
  assert.equal(sidecar['restartPolicy'], undefined);
  assert.deepEqual(sidecar['lifecycle'], { preStop: { exec: { command: ['sleep', '10'] } } });
  assert.equal((metadata['annotations'] as JsonRecord)['kubectl.kubernetes.io/default-container'], 'app');
});

test('injecting twice changes nothing', () => {
  for (const options of [settings, plain]) {
    const once = made(inject(pod(), options));
    assert.deepEqual(inject(once, options), { kind: 'left', why: 'it has a sidecar already' });
  }
});

test('all but the container that makes the rules keeps to the restricted pod security standard', () => {
  const { spec } = made(inject(pod()));
  const { securityContext } = named(spec['initContainers'], 'heddle-sidecar');
  assert.deepEqual(securityContext, {
    runAsUser: 1337,
    runAsGroup: 1337,
    runAsNonRoot: true,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
});

test('its token is for the control plane alone', () => {
  const { spec } = made(inject(pod({ volumes: [{ name: 'data', emptyDir: {} }] })));
  assert.deepEqual(names(spec['volumes']), ['data', 'heddle-run', 'heddle-identity']);
  const { projected } = named(spec['volumes'], 'heddle-identity') as { projected: { sources: JsonRecord[] } };
  assert.deepEqual(projected.sources[0], {
    serviceAccountToken: { path: 'token', audience: 'heddle', expirationSeconds: 3600 },
  });
});

const left: readonly (readonly [string, PodToInject, Parameters<typeof injectPod>[1]])[] = [
  ['in the network of its node', pod({ hostNetwork: true as unknown as JsonRecord }), enrolled],
  ['of kube-system', pod(), { ...enrolled, namespace: 'kube-system' }],
  ['of Heddle itself', pod(), { ...enrolled, namespace: 'heddle-system' }],
  ['opted out', pod({ annotations: { 'heddle.dev/inject': 'false' } }), enrolled],
  ['opted out by a label', pod({ metadata: { labels: { 'heddle.dev/inject': 'disabled' } } }), enrolled],
  [
    'opted out as in Open Service Mesh',
    pod({ annotations: { 'openservicemesh.io/sidecar-injection': 'no' } }),
    enrolled,
  ],
  [
    'opted out by its namespace',
    pod(),
    { ...enrolled, marks: { ...enrolled.marks, annotations: { 'heddle.dev/inject': 'disabled' } } },
  ],
  ['of a namespace that is not enrolled', pod(), { namespace: 'shop', marks: { labels: {}, annotations: {} } }],
  ['of another mesh', pod(), { namespace: 'shop', marks: { labels: { 'heddle.dev/mesh': 'other' }, annotations: {} } }],
  [
    'monitored by Open Service Mesh’s label alone',
    pod(),
    { namespace: 'shop', marks: { labels: { 'openservicemesh.io/monitored-by': 'heddle' }, annotations: {} } },
  ],
  [
    'ignored as in Open Service Mesh',
    pod(),
    {
      namespace: 'shop',
      marks: { labels: { 'heddle.dev/mesh': 'heddle', 'openservicemesh.io/ignore': 'true' }, annotations: {} },
    },
  ],
  ['on Windows', pod({ os: { name: 'windows' } }), enrolled],
];
for (const [what, given, where] of left) {
  test(`a pod is left alone: ${what}`, () => assert.equal(inject(given, settings, where).kind, 'left'));
}

test('the pod’s own word counts before its namespace’s, Open Service Mesh’s labels and annotations too', () => {
  const marks = {
    labels: { 'openservicemesh.io/monitored-by': 'heddle' },
    annotations: { 'openservicemesh.io/sidecar-injection': 'enabled' },
  };
  made(inject(pod(), settings, { namespace: 'shop', marks }));
  const out = { labels: { 'heddle.dev/mesh': 'heddle' }, annotations: { 'heddle.dev/inject': 'disabled' } };
  made(inject(pod({ annotations: { 'heddle.dev/inject': 'enabled' } }), settings, { namespace: 'shop', marks: out }));
});

test('a Job completes beside a native sidecar; where there is none its pods stay outside, and that is said', () => {
  const ofJob = pod({ metadata: { ownerReferences: [{ kind: 'Job', name: 'j' }] } });
  made(inject(ofJob));
  const injection = inject(ofJob, plain);
  assert.equal(injection.kind === 'left' && injection.isWorthSaying, true);
});

const refused: readonly (readonly [Parameters<typeof pod>[0], RegExp])[] = [
  [{ annotations: { 'heddle.dev/inject': 'maybe' } }, /heddle\.dev\/inject must be one of .*; "maybe" is not\.$/],
  [{ annotations: { 'heddle.dev/exclude-inbound-ports': '80, 99999,x' } }, /"99999, x" is not/],
  [{ annotations: { 'openservicemesh.io/outbound-ip-range-exclusion-list': '10.0.0.0/33' } }, /address ranges/],
  [{ annotations: { 'heddle.dev/sidecar-log-level': 'loud' } }, /one of trace/],
  [{ annotations: { 'heddle.dev/sidecar-image': 'a b' } }, /name of an image/],
  [{ annotations: { 'heddle.dev/sidecar-memory-limit': 'much' } }, /a quantity/],
  [{ container: { ports: [{ containerPort: 15001 }] } }, /Port 15001/],
  [{ container: { securityContext: { runAsUser: 1337 } } }, /user 1337/],
  [{ initContainers: [{ name: 'heddle-sidecar' }] }, /name heddle-sidecar/],
];
for (const [given, sentence] of refused) {
  test(`a pod is refused: ${String(sentence)}`, () => {
    const injection = inject(pod(given));
    assert.equal(injection.kind, 'refused');
    assert.match(injection.problems.join('\n'), sentence);
  });
}

test('annotations choose for the sidecar', () => {
  const annotations = {
    'heddle.dev/sidecar-image': 'registry.example/envoy:2@sha256:' + 'a'.repeat(64),
    'heddle.dev/sidecar-log-level': 'debug',
    'heddle.dev/sidecar-cpu-limit': '2',
    'heddle.dev/sidecar-memory-request': '200Mi',
    'heddle.dev/exclude-inbound-ports': '9090',
    'openservicemesh.io/outbound-port-exclusion-list': '3306, 5432',
    'heddle.dev/include-outbound-cidrs': '10.96.0.0/12',
  };
  const { spec } = made(inject(pod({ annotations })));
  const sidecar = named(spec['initContainers'], 'heddle-sidecar');
  assert.equal(sidecar['image'], annotations['heddle.dev/sidecar-image']);
  assert.deepEqual((sidecar['args'] as string[]).slice(-2), ['--log-level', 'debug']);
  assert.deepEqual(sidecar['resources'], {
    requests: { cpu: '50m', memory: '200Mi' },
    limits: { memory: '512Mi', cpu: '2' },
  });
  const rules = String(named(named(spec['initContainers'], 'heddle-init')['env'], 'IPV4_RULES')['value']);
  assert.match(rules, /HEDDLE_INBOUND -p tcp --dport 9090 -j RETURN/);
  assert.match(rules, /HEDDLE_OUTBOUND -p tcp --dport 5432 -j RETURN/);
  assert.match(rules, /HEDDLE_OUTBOUND -m owner --uid-owner 1337 -j RETURN/);
  assert.match(rules, /HEDDLE_OUTBOUND -d 10\.96\.0\.0\/12 -p tcp -j REDIRECT --to-ports 15001\nCOMMIT/);
});

test('without interception there is nothing that makes rules', () => {
  const { spec } = made(inject(pod({ annotations: { 'heddle.dev/interception': 'none' } })));
  assert.deepEqual(names(spec['initContainers']), ['heddle-sidecar']);
});

test('probes of every kind go to the sidecar, which asks the container (T13)', () => {
  const container = {
    ports: [{ name: 'web', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: 'ready?full=1', port: 'web' }, periodSeconds: 3 },
    livenessProbe: {
      httpGet: { path: '/live', port: 8443, scheme: 'HTTPS', httpHeaders: [{ name: 'A', value: 'b' }] },
    },
    startupProbe: { tcpSocket: { port: 8080 } },
    lifecycle: { preStop: { httpGet: { path: '/bye', port: 8080 } }, postStart: { exec: { command: ['true'] } } },
  };
  const second = {
    name: 'rpc',
    livenessProbe: { grpc: { port: 9000, service: 's' } },
    readinessProbe: { exec: { command: ['true'] } },
  };
  const given = pod({ container });
  const { spec } = made(inject({ ...given, spec: { containers: [...recordsIn(given.spec['containers']), second] } }));
  const app = named(spec['containers'], 'app');
  assert.deepEqual(app['readinessProbe'], {
    httpGet: { path: '/heddle/app/readinessProbe', port: 15901 },
    periodSeconds: 3,
  });
  assert.deepEqual(app['livenessProbe'], {
    httpGet: { path: '/heddle/app/livenessProbe', port: 15901, httpHeaders: [{ name: 'A', value: 'b' }] },
  });
  assert.deepEqual(app['startupProbe'], { httpGet: { path: '/heddle/app/startupProbe', port: 15901 } });
  assert.deepEqual(app['lifecycle'], {
    preStop: { httpGet: { path: '/heddle/app/preStop', port: 15901 } },
    postStart: { exec: { command: ['true'] } },
  });
  const rpc = named(spec['containers'], 'rpc');
  assert.deepEqual(rpc['livenessProbe'], { grpc: { port: 15910, service: 's' } });
  assert.deepEqual(rpc['readinessProbe'], { exec: { command: ['true'] } });
  const { listeners, clusters } = bootstrapOf(spec).staticResources;
  assert.deepEqual(
    listeners.map(({ name, address }) => [name, address.socketAddress.portValue]),
    [
      ['heddle/ready', 15021],
      ['heddle/metrics', 15090],
      ['heddle/probes', 15901],
      ['heddle/grpc/9000', 15910],
    ],
  );
  assert.deepEqual(
    clusters.map(({ name }) => name),
    ['xds', 'heddle/admin', 'heddle/tcp/8080', 'heddle/http/8080', 'heddle/https/8443', 'heddle/grpc/9000'],
  );
  assert.match(JSON.stringify(listeners), /"prefixRewrite":"\/ready\?full=1"/);
  const rules = String(named(named(spec['initContainers'], 'heddle-init')['env'], 'IPV4_RULES')['value']);
  for (const port of [15901, 15021, 15090, 15910])
    assert.match(rules, new RegExp(`INBOUND -p tcp --dport ${port} -j RETURN`));
});

test('a probe of another host, or of a port that nobody names, stays as it is', () => {
  const container = {
    livenessProbe: { httpGet: { host: 'example.com', port: 80 } },
    readinessProbe: { httpGet: { path: '/', port: 'none' } },
  };
  const app = named(made(inject(pod({ container }))).spec['containers'], 'app');
  assert.deepEqual({ livenessProbe: app['livenessProbe'], readinessProbe: app['readinessProbe'] }, container);
});

test('what a pod wrote is not taken for a variable by kubelet', () => {
  const container = { livenessProbe: { httpGet: { path: '/$(POD_NAME)', port: 80 } } };
  const { spec } = made(inject(pod({ container })));
  assert.match(JSON.stringify(bootstrapOf(spec)), /"prefixRewrite":"\/\$\$\(POD_NAME\)"/);
});

test('containers that ask for it get the configuration of their application', () => {
  const { spec } = made(
    inject(
      pod({ annotations: { 'heddle.dev/app-config': 'enabled' }, serviceAccountName: 'api' as unknown as JsonRecord }),
    ),
  );
  const app = named(spec['containers'], 'app');
  assert.deepEqual(app['env'], [{ name: 'SMI_CONFIG_PATH', value: '/etc/smi/config.yaml' }]);
  assert.deepEqual(app['volumeMounts'], [{ name: 'heddle-app-config', mountPath: '/etc/smi', readOnly: true }]);
  assert.deepEqual(named(spec['volumes'], 'heddle-app-config')['configMap'], {
    name: 'heddle-app-config-api',
    optional: true,
  });
});
