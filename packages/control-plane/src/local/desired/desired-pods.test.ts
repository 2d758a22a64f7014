import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, SourceObject } from '@heddle/smi';
import { AddressBook } from '../../sources/addresses.ts';
import { readManifest } from '../../sources/manifests.ts';
import { MeshObjects } from '../../sources/mesh-objects.ts';
import { diffPods } from '../node/pod-diff.ts';
import type { Container, Pod } from '../pod.ts';
import { desiredPods } from './desired-pods.ts';
import { frontDoorObjects, frontDoorPod } from './front-door.ts';

type Json = Record<string, unknown>;

const options = {
  envoy: '/opt/envoy',
  runDirectory: '/run/mesh',
  node: { name: 'local', address: '10.244.0.1', cpus: 2, memoryBytes: 4096 },
};

function source(kind: string, name: string, fields: Json): SourceObject {
  const { metadata, ...rest } = fields;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'shop', ...(metadata as object) },
    ...rest,
  };
  return { object };
}

const container = { name: 'app', command: ['run'] };

function podObject(
  fields: { spec?: Json; metadata?: Json; status?: Json; container?: Json; name?: string } = {},
): SourceObject {
  const spec = { containers: [{ ...container, ...fields.container }], ...fields.spec };
  const status = fields.status ?? { phase: 'Running', podIP: '10.244.0.7' };
  return source('Pod', fields.name ?? 'web', { metadata: fields.metadata ?? {}, spec, status });
}

const config = source('ConfigMap', 'settings', {
  data: { color: 'blue', 'cost.eur': '$(color)$$', 'not a name': 'x' },
  binaryData: { picture: 'AAEC' },
});
const secret = source('Secret', 'keys', { data: { token: 'c2VjcmV0' }, stringData: { user: 'me' } });

function only(objects: readonly SourceObject[]): Pod {
  const { pods, findings } = desiredPods(objects, options);
  const [pod] = pods;
  assert.ok(pod !== undefined && pods.length === 1, JSON.stringify(findings));
  return pod;
}

function app(objects: readonly SourceObject[]): Container {
  const [container] = only(objects).containers;
  assert.ok(container);
  return container;
}

function env(objects: readonly SourceObject[]): Record<string, string> {
  return Object.fromEntries((app(objects).env ?? []).map(({ name, value }) => [name, value]));
}

/** Why nothing runs. */
function refusal(objects: readonly SourceObject[]): string {
  const { pods, findings } = desiredPods(objects, options);
  assert.deepEqual(pods, []);
  const errors = findings.filter(({ severity }) => severity === 'error');
  assert.equal(errors.length, 1, JSON.stringify(findings));
  return `${errors[0]?.reason} ${errors[0]?.field}: ${errors[0]?.message}`;
}

function remarks(objects: readonly SourceObject[]): string[] {
  return desiredPods(objects, options).findings.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
}

describe('environment', () => {
  const metadata = { labels: { app: 'web' }, annotations: { note: 'n' }, uid: 'u-1' };
  const resources = { limits: { cpu: '1500m' }, requests: { memory: '1Ki' } };
  const table: [string, Json, string | undefined][] = [
    ['a value, references kept', { value: '$(OTHER)' }, '$(OTHER)'],
    ['no value', {}, ''],
    ['the name', { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, 'web'],
    ['the namespace', { valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }, 'shop'],
    ['the uid', { valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }, 'u-1'],
    ['a label', { valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }, 'web'],
    ['a label that is not there', { valueFrom: { fieldRef: { fieldPath: "metadata.labels['b/c']" } } }, ''],
    ['an annotation', { valueFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } } }, 'n'],
    ['the account', { valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } }, 'default'],
    ['the node', { valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }, 'local'],
    ['the address', { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }, '10.244.0.7'],
    ['the node’s address', { valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }, '10.244.0.1'],
    ['a limit, rounded up', { valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }, '2'],
    ['a limit in its unit', { valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } }, '1500'],
    ['a request', { valueFrom: { resourceFieldRef: { resource: 'requests.memory' } } }, '1024'],
    ['no limit: the node’s', { valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } }, '4096'],
    ['a key of a ConfigMap', { valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }, 'blue'],
    ['dollars, literally', { valueFrom: { configMapKeyRef: { name: 'settings', key: 'cost.eur' } } }, '$$(color)$$$$'],
    ['a key of a Secret', { valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }, 'secret'],
    ['stringData', { valueFrom: { secretKeyRef: { name: 'keys', key: 'user' } } }, 'me'],
    ['an optional key', { valueFrom: { secretKeyRef: { name: 'keys', key: 'x', optional: true } } }, undefined],
    ['an optional object', { valueFrom: { configMapKeyRef: { name: 'x', key: 'x', optional: true } } }, undefined],
  ];
  for (const [what, variable, expected] of table) {
    it(`resolves ${what}`, () => {
      const pod = podObject({ metadata, container: { resources, env: [{ name: 'X', ...variable }] } });
      assert.equal(env([pod, config, secret])['X'], expected);
    });
  }

  it('takes whole objects, with a prefix, the later winning', () => {
    const envFrom = [{ configMapRef: { name: 'settings' } }, { prefix: 'KEY_', secretRef: { name: 'keys' } }];
    const pod = podObject({ container: { envFrom, env: [{ name: 'color', value: 'red' }] } });
    const expected = { color: 'red', 'cost.eur': '$$(color)$$$$', KEY_token: 'secret', KEY_user: 'me' };
    assert.deepEqual(env([pod, config, secret]), expected);
    assert.match(remarks([pod, config, secret]).join('\n'), /no names of variables: not a name\./);
  });

  it('gives a pod that has no uid always the same', () => {
    const pod = podObject({
      container: { env: [{ name: 'U', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }] },
    });
    assert.match(env([pod])['U'] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  const wrong: [string, Json, RegExp][] = [
    ['a number', { value: 80 }, /containers\[0\].env\[0\].value: The value of X must be a text: put 80 in quotes/],
    ['an unknown field', { valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }, /"spec.x" is not a field/],
    [
      'a missing ConfigMap',
      { valueFrom: { configMapKeyRef: { name: 'x', key: 'x' } } },
      /^ConfigurationNotFound .*ConfigMap x does not exist/,
    ],
    [
      'a missing key',
      { valueFrom: { secretKeyRef: { name: 'keys', key: 'x' } } },
      /^ConfigurationNotFound .*Secret keys has no key x: the pod starts/,
    ],
    ['binary data', { valueFrom: { configMapKeyRef: { name: 'settings', key: 'picture' } } }, /has no key picture/],
    ['nothing to refer to', { valueFrom: {} }, /valueFrom needs one of/],
    [
      'a wrong quantity',
      { valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: 'x' } } },
      /"x" is not a quant/,
    ],
  ];
  for (const [what, variable, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.match(refusal([podObject({ container: { env: [{ name: 'X', ...variable }] } }), config, secret]), message);
    });
  }

  it('names what is wrong inside a ConfigMap', () => {
    const bad = source('ConfigMap', 'settings', { data: { port: 80 } });
    const reference = { valueFrom: { configMapKeyRef: { name: 'settings', key: 'port', optional: true } } };
    const { findings } = desiredPods([podObject({ container: { env: [{ name: 'X', ...reference }] } }), bad], options);
    assert.equal(findings[0]?.object?.kind, 'ConfigMap');
    assert.equal(findings[0]?.message, 'data.port must be a text: put it in quotes.');
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('volumes', () => {
  const table: [string, Json, Json][] = [
    [
      'a ConfigMap',
      { configMap: { name: 'settings', defaultMode: 0o400 } },
      {
        files: {
          color: { data: base64('blue'), mode: 0o400 },
          'cost.eur': { data: base64('$(color)$$'), mode: 0o400 },
          'not a name': { data: base64('x'), mode: 0o400 },
          picture: { data: 'AAEC', mode: 0o400 },
        },
      },
    ],
    [
      'items of a Secret',
      { secret: { secretName: 'keys', items: [{ key: 'token', path: 'a/b', mode: 0o600 }] } },
      { files: { 'a/b': { data: base64('secret'), mode: 0o600 } } },
    ],
    ['an optional object', { configMap: { name: 'x', optional: true } }, { files: {} }],
    [
      'a projection',
      {
        projected: {
          defaultMode: 0o440,
          sources: [
            { configMap: { name: 'settings', items: [{ key: 'color', path: 'color' }] } },
            { secret: { name: 'keys', items: [{ key: 'user', path: 'user' }] } },
            { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { serviceAccountToken: { path: 'token' } },
          ],
        },
      },
      {
        files: {
          color: { data: base64('blue'), mode: 0o440 },
          user: { data: base64('me'), mode: 0o440 },
          labels: { data: base64('a="1"\nb="2"\n'), mode: 0o440 },
        },
      },
    ],
    [
      'the downward API',
      { downwardAPI: { items: [{ path: 'cpu', resourceFieldRef: { containerName: 'app', resource: 'limits.cpu' } }] } },
      { files: { cpu: { data: base64('2') } } },
    ],
    ['an empty directory', { emptyDir: {} }, { emptyDir: true }],
    ['nothing said', {}, { emptyDir: true }],
    ['a directory of the host', { hostPath: { path: '/data' } }, { hostPath: '/data' }],
    ['what there is not here', { persistentVolumeClaim: { claimName: 'c' } }, { emptyDir: true }],
  ];
  for (const [what, volume, expected] of table) {
    it(`lays out ${what}`, () => {
      const metadata = { labels: { b: '2', a: '1' } };
      const pod = podObject({ metadata, spec: { volumes: [{ name: 'v', ...volume }] } });
      assert.deepEqual(only([pod, config, secret]).volumes, [{ name: 'v', ...expected }]);
    });
  }

  it('says what it leaves out', () => {
    const sources = [{ serviceAccountToken: { path: 'token' } }];
    const volumes = [
      { name: 'a', projected: { sources } },
      { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
    ];
    assert.deepEqual(remarks([podObject({ spec: { volumes } })]), [
      'PodFieldNotHonoured spec.volumes[0].projected.sources[0].serviceAccountToken: volumes[].projected.sources[].serviceAccountToken is not honoured here: there is no API server that would take a token; it is left out.',
      'PodFieldNotHonoured spec.volumes[1].persistentVolumeClaim: volumes[].persistentVolumeClaim is not honoured here: an empty directory stands in for it.',
    ]);
  });

  it('mounts them', () => {
    const volumeMounts = [{ name: 'v', mountPath: '/v', subPath: 'a', readOnly: true }];
    const pod = podObject({ spec: { volumes: [{ name: 'v' }] }, container: { volumeMounts } });
    assert.deepEqual(app([{ object: { ...pod.object } }]).volumeMounts, volumeMounts);
  });

  const wrong: [string, Json, Json, RegExp][] = [
    [
      'a missing object',
      { secret: { secretName: 'x' } },
      {},
      /^ConfigurationNotFound spec.volumes\[0\].secret: The Secret x does not exist/,
    ],
    ['a missing key', { configMap: { name: 'settings', items: [{ key: 'x', path: 'x' }] } }, {}, /has no key x/],
    [
      'a way out',
      { configMap: { name: 'settings', items: [{ key: 'color', path: '../x' }] } },
      {},
      /not a path inside/,
    ],
    ['a relative directory', { hostPath: { path: 'data' } }, {}, /hostPath.path must be an absolute path/],
    ['a mount of nothing', {}, { name: 'w', mountPath: '/w' }, /The pod has no volume "w"/],
    ['a relative mount', {}, { name: 'v', mountPath: 'w' }, /mountPath must be an absolute path/],
    ['a sub-path that leads out', {}, { name: 'v', mountPath: '/w', subPath: '../x' }, /not a path inside/],
  ];
  for (const [what, volume, mount, message] of wrong) {
    it(`refuses ${what}`, () => {
      const volumeMounts = Object.keys(mount).length > 0 ? [mount] : [];
      const pod = podObject({
        spec: { volumes: [{ name: 'v', ...volume }], containers: [{ ...container, volumeMounts }] },
      });
      assert.match(refusal([pod, config]), message);
    });
  }
});

describe('containers', () => {
  const local = 'heddle.dev/local-command';
  const table: [string, Json, Json, Json][] = [
    ['a command with arguments', {}, { command: ['a', 'b'], args: ['c'] }, { command: ['a', 'b'], args: ['c'] }],
    ['a local list', { [local]: '[node, "x y", 8080]' }, { command: undefined }, { command: ['node', 'x y', '8080'] }],
    ['a local list of lines', { [local]: '- node\n- x\n' }, { command: undefined }, { command: ['node', 'x'] }],
    [
      'a local line',
      { [local]: 'node x: "$@"' },
      { command: undefined },
      { command: ['sh', '-c', 'node x: "$@"', 'app'] },
    ],
    ['a written command first', { [local]: 'x' }, {}, { command: ['run'] }],
    ['a local one for its name before that', { [`${local}.app`]: '[x]' }, {}, { command: ['x'] }],
    ['where it runs', {}, { workingDir: '/srv' }, { workingDir: '/srv' }],
    [
      'its ports',
      {},
      { ports: [{ name: 'http', containerPort: 80 }] },
      { ports: [{ name: 'http', containerPort: 80 }] },
    ],
    [
      'probes',
      {},
      {
        readinessProbe: {
          httpGet: { path: '/up', port: 'http', scheme: 'HTTPS', httpHeaders: [{ name: 'a', value: 'b' }] },
        },
        livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 3, timeoutSeconds: 0 },
        startupProbe: { exec: { command: ['true'] } },
      },
      {
        readinessProbe: {
          httpGet: { path: '/up', scheme: 'HTTPS', httpHeaders: [{ name: 'a', value: 'b' }], port: 'http' },
        },
        livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 3 },
        startupProbe: { exec: { command: ['true'] } },
      },
    ],
    ['no probe of another kind', {}, { readinessProbe: { grpc: { port: 1 } } }, {}],
  ];
  for (const [what, annotations, fields, expected] of table) {
    it(`takes ${what}`, () => {
      const made = app([podObject({ metadata: { annotations }, container: fields })]);
      assert.deepEqual(made, { name: 'app', command: ['run'], ...expected });
    });
  }

  const wrong: [string, Json, Json, RegExp][] = [
    [
      'no command',
      {},
      { command: undefined },
      /^NoCommand spec.containers\[0\]: The container app has no command.*heddle.dev\/local-command/,
    ],
    ['a name that is a path', {}, { name: '../app' }, /^InvalidField .*name: A container needs a name of its own/],
    ['an empty list', { [local]: '[]' }, { command: undefined }, /not a list of a program/],
    ['a list that is not closed', { [local]: '["a",' }, { command: undefined }, /not a list of a program/],
    ['a number', {}, { args: [1] }, /args\[0\]: Each item of args must be a text/],
    ['a text', {}, { command: 'run' }, /command must be a list of texts|no command/],
    ['a probe without a port', {}, { livenessProbe: { httpGet: {} } }, /A probe needs a port/],
    [
      'a negative period',
      {},
      { livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: -1 } },
      /periodSeconds must be/,
    ],
  ];
  for (const [what, annotations, fields, message] of wrong) {
    it(`refuses ${what}`, () => {
      const pod = podObject({ metadata: { annotations }, container: fields });
      assert.deepEqual(desiredPods([pod], options).pods, []);
      assert.match(remarks([pod]).join('\n'), message);
    });
  }
});

describe('sidecar', () => {
  it('is there, with what leads past it', () => {
    const annotations = {
      'heddle.dev/exclude-inbound-ports': '9090, 9091',
      'heddle.dev/exclude-outbound-ports': '5432',
      'heddle.dev/exclude-outbound-cidrs': '10.0.0.0/8,fd00::/8',
    };
    assert.deepEqual(only([podObject({ metadata: { annotations } })]).sidecar, {
      nodeId: 'sidecar~10.244.0.7~web.shop~local',
      caller: 'default.shop',
      envoy: '/opt/envoy',
      xdsDirectory: '/run/mesh/xds/shop.web',
      interception: {
        excludeInboundPorts: [9090, 9091],
        excludeOutboundPorts: [5432],
        excludeOutboundCidrs: ['10.0.0.0/8', 'fd00::/8'],
      },
    });
  });

  const outside: [string, Json, Json][] = [
    ['in the host’s network', { hostNetwork: true }, {}],
    ['that says false', {}, { 'heddle.dev/inject': 'false' }],
    ['that says disabled', {}, { 'heddle.dev/inject': 'disabled' }],
  ];
  for (const [what, spec, annotations] of outside) {
    it(`is not there for a pod ${what}`, () => {
      assert.equal(only([podObject({ spec, metadata: { annotations } })]).sidecar, null);
    });
  }

  it('intercepts what an annotation fails to exclude', () => {
    const annotations = {
      'heddle.dev/exclude-outbound-ports': '80,http,0',
      'heddle.dev/exclude-outbound-cidrs': '10.0.0.0/33',
    };
    const pod = podObject({ metadata: { annotations } });
    assert.deepEqual(only([pod]).sidecar?.interception, { excludeOutboundPorts: [80] });
    assert.deepEqual(
      remarks([pod]).map(line => line.split(': ')[1]),
      ['10.0.0.0/33', 'http, 0'],
    );
  });

  it('is all there is of the front door', () => {
    const pod = frontDoorPod({ ip: '10.244.0.2', envoy: '/opt/envoy', runDirectory: '/run/mesh' });
    assert.deepEqual(pod.sidecar, {
      nodeId: 'sidecar~10.244.0.2~front-door.heddle-system~local',
      caller: 'front-door.heddle-system',
      envoy: '/opt/envoy',
      xdsDirectory: '/run/mesh/xds/heddle-system.front-door',
      sharedDirectory: '/run/mesh/front-door',
      interception: null,
    });
    assert.deepEqual(desiredPods(frontDoorObjects('10.244.0.2'), options), {
      pods: [],
      refused: new Set(),
      findings: [],
    });
  });
});

describe('desiredPods', () => {
  it('keeps what a pod says of itself', () => {
    const pod = podObject({
      metadata: { uid: 'u' },
      spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 5 },
    });
    const { uid, restartPolicy, terminationGracePeriodSeconds } = only([pod]);
    assert.deepEqual(
      { uid, restartPolicy, terminationGracePeriodSeconds },
      { uid: 'u', restartPolicy: 'Never', terminationGracePeriodSeconds: 5 },
    );
  });

  it('leaves out pods that have ended, and those whose address can’t be had', () => {
    assert.deepEqual(
      desiredPods([podObject({ status: { phase: 'Succeeded', podIP: '10.244.0.7' } })], options).findings,
      [],
    );
    assert.match(
      refusal([podObject({ status: { podIP: '10.1.2.3' } })]),
      /"10.1.2.3" is not in the range 10.244.0.0\/16/,
    );
    assert.match(refusal([podObject({ status: { phase: 'Pending' } })]), /has no address/);
    const { pods, findings } = desiredPods([podObject({ name: 'b' }), podObject({ name: 'a' })], options);
    assert.deepEqual(
      pods.map(({ name }) => name),
      ['a'],
    );
    assert.equal(findings[0]?.reason, 'AddressConflict');
    assert.equal(findings[0]?.message, 'The pod shop/a has the address 10.244.0.7 already: this one does not run.');
    assert.doesNotThrow(() => diffPods(new Map(), pods));
  });

  const deployment = readManifest(
    'shop.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  template:
    spec:
      serviceAccountName: web
      initContainers: [{name: a}]
      containers:
        - name: app
          image: web:1
          command: [run]
          resources: {limits: {cpu: 1}}
          securityContext: {runAsUser: 1}
`,
  ).objects;

  it('says once what replicas have in common, of their Deployment', () => {
    const { objects } = new MeshObjects({ addresses: new AddressBook() }).complete(deployment);
    const { pods, findings } = desiredPods(objects, options);
    assert.equal(pods.length, 3);
    assert.deepEqual(
      findings.map(({ object, field, line, message }) => [
        object?.kind,
        object?.name,
        field,
        line,
        message.slice(0, 34),
      ]),
      [
        ['Deployment', 'web', 'spec.template.spec.serviceAccountName', 8, 'The ServiceAccount web does not ex'],
        ['Deployment', 'web', 'spec.template.spec.initContainers', 9, 'initContainers is not honoured her'],
        ['Deployment', 'web', 'spec.template.spec.containers[0].image', 12, 'Images are not run here: each cont'],
        ['Deployment', 'web', 'spec.template.spec.containers[0].resources', 14, 'containers[].resources is not hono'],
        [
          'Deployment',
          'web',
          'spec.template.spec.containers[0].securityContext',
          15,
          'containers[].securityContext is no',
        ],
      ],
    );
  });

  it('gives equal output for equal input, and reads again only what changed', () => {
    const { objects } = new MeshObjects({ addresses: new AddressBook() }).complete([...deployment, config]);
    const first = desiredPods(objects, options);
    const again = desiredPods(objects.toReversed(), options);
    assert.deepEqual(again, first);
    assert.equal(again.pods[0], first.pods[0]);
    assert.deepEqual(desiredPods(objects, { ...options }), first);
  });

  it('starts a pod once what it waits for is there', () => {
    const pod = podObject({ spec: { volumes: [{ name: 'v', configMap: { name: 'settings' } }] } });
    assert.match(refusal([pod]), /does not exist/);
    const before = only([pod, config]);
    const changed = source('ConfigMap', 'settings', { data: { color: 'red' } });
    const { update, replace } = diffPods(new Map([['shop/web', before]]), [only([pod, changed])]);
    assert.deepEqual([update.length, replace.length], [1, 0]);
    assert.match(refusal([pod]), /does not exist/);
  });
});

function annotated(value: string): SourceObject {
  return podObject({ metadata: { annotations: { 'heddle.dev/app-config': value } } });
}

describe('what the mesh tells applications', () => {
  const namespace = source('Namespace', 'shop', {
    metadata: { namespace: undefined, annotations: { 'heddle.dev/app-config': 'enabled' } },
  });

  it('is a file that the environment names, for a pod that asks', () => {
    const pod = only([annotated('enabled')]);
    assert.deepEqual(pod.volumes, [{ name: 'heddle-app-config', files: {} }]);
    const [container] = pod.containers;
    assert.deepEqual(container?.env, [{ name: 'SMI_CONFIG_PATH', value: '/etc/smi/config.yaml' }]);
    assert.deepEqual(container?.volumeMounts, [{ name: 'heddle-app-config', mountPath: '/etc/smi', readOnly: true }]);
  });

  it('may be asked for by a namespace, and declined by a pod', () => {
    assert.equal(only([podObject(), namespace]).volumes?.length, 1);
    assert.equal(only([annotated('no'), namespace]).volumes, undefined);
    assert.equal(only([podObject()]).volumes, undefined);
  });

  it('leaves a container alone that names a file itself', () => {
    const own = { env: [{ name: 'SMI_CONFIG_PATH', value: '/own.yaml' }] };
    const metadata = { annotations: { 'heddle.dev/app-config': 'yes' } };
    assert.equal(app([podObject({ metadata, container: own })]).volumeMounts, undefined);
  });

  it('is said where it can not be read', () => {
    assert.deepEqual(remarks([annotated('maybe')]).filter(text => text.includes('maybe')).length, 1);
  });
});
