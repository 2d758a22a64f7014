import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { SourceObject } from '@heddle/smi';
import { AddressBook } from './addresses.ts';
import { readManifest } from './manifests.ts';
import { deltaBetween, type MeshObjectSet, MeshObjects } from './mesh-objects.ts';
import { recordOf } from './record.ts';

const deployment = (name: string, spec = ''): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {matchLabels: {app: ${name}}}
${spec}  template:
    metadata: {labels: {app: ${name}}, annotations: {a: b}}
    spec:
      serviceAccountName: ${name}
      containers:
        - {name: main, workingDir: src, command: [node]}
        - {name: side, workingDir: /srv}
`;

function read(text: string): readonly SourceObject[] {
  const { objects, findings } = readManifest('dir/a.yaml', text);
  assert.deepEqual(findings, []);
  return objects;
}

function complete(text: string, readiness?: (namespace: string, name: string) => boolean | undefined): MeshObjectSet {
  return new MeshObjects({ addresses: new AddressBook(), ...(readiness && { readiness }) }).complete(read(text));
}

function ofKind({ objects }: MeshObjectSet, kind: string): SourceObject[] {
  return objects.filter(({ object }) => object.kind === kind);
}

function field(source: SourceObject | undefined, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], source?.object);
}

const barePod = (rest: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n${rest}`;
const service = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: ${spec}\n`;
const split = (root: string, name = 'x'): string =>
  `---\napiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: ${name}, namespace: shop}\nspec: {service: ${root}}\n`;
const other = (kind: string, name: string): string => `---\napiVersion: ${kind}\nmetadata: {name: ${name}}\n`;
const plain = (list: readonly SourceObject[]): unknown[] =>
  new MeshObjects({ addresses: new AddressBook() }).complete(list).objects.map(({ object }) => object);

describe('a Deployment', () => {
  it('stands for its pods', () => {
    const pods = ofKind(complete(deployment('web', '  replicas: 2\n')), 'Pod');
    assert.deepEqual(
      pods.map(({ object }) => object.metadata),
      [0, 1].map(index => ({
        labels: { app: 'web' },
        annotations: { a: 'b' },
        name: `web-${index}`,
        namespace: 'shop',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }],
      })),
    );
    const address = new AddressBook().pod('shop', 'web-0');
    assert.deepEqual(field(pods[0], 'status'), {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    assert.equal(field(pods[0], 'spec', 'containers', 0, 'workingDir'), resolve('dir/src'));
    assert.equal(field(pods[0], 'spec', 'containers', 1, 'workingDir'), '/srv');
  });

  it('locates fields of its pods in its template', () => {
    const [pod] = ofKind(complete(deployment('web')), 'Pod');
    const line = (...path: (string | number)[]): number | undefined => pod?.locate?.(path)?.line;
    assert.equal(line(), 2);
    assert.equal(line('metadata', 'name'), 4);
    assert.equal(line('metadata', 'labels', 'app'), 8);
    assert.equal(line('spec', 'serviceAccountName'), 10);
    assert.equal(line('spec', 'containers', 1), 13);
    assert.equal(line('status', 'podIP'), 7);
  });

  it('has one pod unless it says how many, or none', () => {
    assert.equal(ofKind(complete(deployment('web')), 'Pod').length, 1);
    assert.equal(ofKind(complete(deployment('web', '  replicas: 0\n')), 'Pod').length, 0);
  });

  it('gives the same pods as long as nothing about them changes', () => {
    const ready = new Map([['web-1', false]]);
    const objects = new MeshObjects({ addresses: new AddressBook(), readiness: (_, name) => ready.get(name) });
    const sources = read(deployment('web', '  replicas: 2\n'));
    const first = objects.complete(sources);
    assert.deepEqual(deltaBetween(first.objects, objects.complete(sources).objects), { upserts: [], removals: [] });
    ready.set('web-1', true);
    const delta = deltaBetween(first.objects, objects.complete(sources).objects);
    assert.deepEqual(
      delta.upserts.map(({ object }) => object.metadata.name),
      ['web-1'],
    );
    assert.deepEqual(delta.removals, []);
    assert.deepEqual(field(delta.upserts[0], 'status', 'conditions'), [{ type: 'Ready', status: 'True' }]);
  });

  it('that is wrong leaves its last good pods', () => {
    const wrong: [string, string, number][] = [
      ['replicas: -1', '  replicas: -1\n', 7],
      ['replicas: text', '  replicas: two\n', 7],
      ['replicas: many', '  replicas: 1000000\n', 7],
      ['another selector', '  selector: {matchLabels: {app: other}}\n', 6],
    ];
    for (const [what, spec, line] of wrong) {
      const objects = new MeshObjects({ addresses: new AddressBook() });
      const before = objects.complete(read(deployment('web')));
      const text = spec.includes('selector')
        ? deployment('web').replace(/ {2}selector.*\n/, spec)
        : deployment('web', spec);
      const after = objects.complete(read(text));
      assert.deepEqual(ofKind(after, 'Pod'), ofKind(before, 'Pod'), what);
      assert.deepEqual(
        after.findings.map(({ reason, line: at }) => [reason, at]),
        [['InvalidField', line]],
        what,
      );
      assert.deepEqual(ofKind(objects.complete([]), 'Pod'), []);
    }
    const empty = complete('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {}}\n');
    assert.deepEqual(
      empty.findings.map(({ reason, field: at }) => [reason, at]),
      [['InvalidField', 'spec.template.spec.containers']],
    );
    const wide = deployment('web', '  replicas: 3\n').replace('workingDir: /srv', 'ports: [{containerPort: 99999}]');
    assert.deepEqual(
      complete(wide).findings.map(({ reason, field: at }) => [reason, at]),
      [['InvalidField', 'spec.template.spec.containers[1].ports[0].containerPort']],
    );
  });

  it('makes no pods beside those of an export', () => {
    const pod = `---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d4f-x
  namespace: shop
  labels: {pod-template-hash: 5d4f}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4f, controller: true}]
status: {podIP: 10.1.2.3, phase: Running}
`;
    const sources = read(deployment('web') + pod);
    const { objects } = new MeshObjects({ addresses: new AddressBook() }).complete(sources);
    assert.deepEqual(
      objects.filter(({ object }) => object.kind === 'Pod'),
      [sources[1]],
    );
  });

  it('gives way to a Pod of the same name', () => {
    const set = complete(
      `${deployment('web')}---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: shop}\nspec: {}\n`,
    );
    assert.equal(ofKind(set, 'Pod').length, 1);
    assert.deepEqual(
      set.findings.map(({ reason, line }) => [reason, line]),
      [['DuplicateObject', 4]],
    );
  });
});

const job = (spec = ''): string =>
  deployment('job', spec)
    .replace('apps/v1', 'batch/v1')
    .replace('Deployment', 'Job')
    .replace(/ {2}selector.*\n/, '')
    .replace('      containers', '      restartPolicy: Never\n      containers');
const fieldsOfFindings = (text: string) => complete(text).findings.map(({ field: at }) => at);

describe('a StatefulSet, a DaemonSet, a Job', () => {
  it('stand for pods of their own', () => {
    const text = ['StatefulSet', 'DaemonSet'].map(kind => deployment(kind.toLowerCase()).replace('Deployment', kind));
    const pods = ofKind(complete(text.join('') + job()), 'Pod');
    assert.deepEqual(
      pods.map(({ object }) => [object.metadata.name, object.metadata.ownerReferences?.[0]?.kind]),
      [
        ['statefulset-0', 'StatefulSet'],
        ['daemonset-0', 'DaemonSet'],
        ['job-0', 'Job'],
      ],
    );
  });

  it('that are wrong say so', () => {
    assert.deepEqual(fieldsOfFindings(job().replace('Never', 'Always')), ['spec.template.spec.restartPolicy']);
    assert.deepEqual(fieldsOfFindings(job('  completions: x\n')), ['spec.completions']);
    const negative = deployment('db', '  ordinals: {start: -1}\n').replace('Deployment', 'StatefulSet');
    assert.deepEqual(fieldsOfFindings(negative), ['spec.ordinals.start']);
  });

  it('of one name share no pod: those of a StatefulSet bear theirs for good', () => {
    const set = complete(deployment('web') + deployment('web').replace('Deployment', 'StatefulSet'));
    assert.deepEqual(
      ofKind(set, 'Pod').map(({ object }) => object.metadata.ownerReferences?.[0]?.kind),
      ['StatefulSet'],
    );
    assert.deepEqual(
      set.findings.map(({ reason, object }) => [reason, object?.kind]),
      [['DuplicateObject', 'Deployment']],
    );
  });

  it('have no pods beside those of an export', () => {
    const owner = '[{apiVersion: apps/v1, kind: StatefulSet, name: db, controller: true}]';
    const pod = `---\napiVersion: v1\nkind: Pod\nmetadata: {name: db-7, namespace: shop, ownerReferences: ${owner}}\nstatus: {podIP: 10.1.2.3}\n`;
    const pods = ofKind(complete(deployment('db').replace('Deployment', 'StatefulSet') + pod), 'Pod');
    assert.deepEqual(
      pods.map(({ object }) => object.metadata.name),
      ['db-7'],
    );
  });

  it('have pods that end', () => {
    const objects = new MeshObjects({ addresses: new AddressBook(), endOf: () => 'Succeeded' });
    const [pod] = ofKind(objects.complete(read(job())), 'Pod');
    assert.equal(field(pod, 'status', 'phase'), 'Succeeded');
    assert.equal(field(pod, 'status', 'conditions', 0, 'status'), 'False');
  });
});

describe('a Pod', () => {
  it('without a status gets an address, readiness and absolute folders', () => {
    const set = complete(barePod('spec: {containers: [{name: a, workingDir: ..}]}\n'), () => false);
    const [made] = ofKind(set, 'Pod');
    assert.equal(field(made, 'status', 'podIP'), new AddressBook().pod('default', 'p'));
    assert.deepEqual(field(made, 'status', 'conditions'), [{ type: 'Ready', status: 'False' }]);
    assert.equal(field(made, 'spec', 'containers', 0, 'workingDir'), resolve('.'));
    assert.equal(made?.locate?.(['spec'])?.line, 4);
  });

  it('with a status is taken as it is', () => {
    const sources = read(barePod('spec: {containers: []}\nstatus: {phase: Pending}\n'));
    assert.equal(new MeshObjects({ addresses: new AddressBook() }).complete(sources).objects[0], sources[0]);
  });
});

describe('a Service', () => {
  it('gets an address unless it has one or wants none', () => {
    const table: [string, unknown][] = [
      ['{ports: []}', new AddressBook().service('default', 's')],
      ['{clusterIP: ""}', new AddressBook().service('default', 's')],
      ['{clusterIP: None}', 'None'],
      ['{clusterIP: 10.0.0.7}', '10.0.0.7'],
      ['{type: ExternalName, externalName: example.com}', undefined],
    ];
    for (const [spec, address] of table) {
      assert.equal(recordOf(complete(service(spec)).objects[0]?.object['spec'])['clusterIP'], address, spec);
    }
  });

  it('is the same object as long as it is the same', () => {
    const objects = new MeshObjects({ addresses: new AddressBook() });
    const sources = read(service('{}'));
    assert.equal(objects.complete(sources).objects[0], objects.complete(sources).objects[0]);
  });

  it('does not get an address that another object has', () => {
    const taken = new AddressBook().service('default', 's');
    const [, second] = complete(
      `${service('{}')}---\n${service(`{clusterIP: ${taken}}`).replace('name: s', 'name: t')}`,
    ).objects;
    const [first] = complete(
      `${service('{}')}---\n${service(`{clusterIP: ${taken}}`).replace('name: s', 'name: t')}`,
    ).objects;
    assert.equal(field(second, 'spec', 'clusterIP'), taken);
    assert.notEqual(field(first, 'spec', 'clusterIP'), taken);
  });
});

describe('the root of a TrafficSplit', () => {
  it('gets an address where no Service has its name', () => {
    const address = new AddressBook().service('shop', 'store');
    for (const root of ['store', 'store.shop', 'store.shop.svc', 'Store.shop.svc.cluster.local.', 'store.']) {
      const [made] = ofKind(complete(split(root)), 'AssignedAddress');
      assert.deepEqual(
        made?.object,
        {
          apiVersion: 'heddle.dev/v1alpha1',
          kind: 'AssignedAddress',
          metadata: { namespace: 'shop', name: 'store' },
          address,
        },
        root,
      );
      assert.equal(made?.locate?.([])?.line, 5);
    }
    for (const root of ['store.other', 'example.com', '7', '""', '[]', 'store.shop.svc.example.com']) {
      assert.deepEqual(ofKind(complete(split(root)), 'AssignedAddress'), [], root);
    }
  });

  it('is that of the last version that was not refused', () => {
    const objects = new MeshObjects({ addresses: new AddressBook() });
    const names = (root: string) =>
      ofKind(objects.complete(read(split(`${root}, backends: [{service: a, weight: 1}]`))), 'AssignedAddress').map(
        ({ object }) => object.metadata.name,
      );
    assert.deepEqual(names('7'), []);
    assert.deepEqual(names('store'), ['store']);
    for (const refused of ['7', 'store.other']) assert.deepEqual(names(refused), ['store'], refused);
    assert.deepEqual(names('shop'), ['shop']);
    assert.deepEqual(ofKind(objects.complete([]), 'AssignedAddress'), []);
    assert.deepEqual(names('7'), []);
  });

  it('is one of several splits, and none beside a Service', () => {
    assert.equal(ofKind(complete(split('store') + split('store.shop', 'z')), 'AssignedAddress').length, 1);
    const service =
      '---\napiVersion: v1\nkind: Service\nmetadata: {name: store, namespace: shop}\nspec: {clusterIP: None}\n';
    assert.deepEqual(ofKind(complete(split('store') + service), 'AssignedAddress'), []);
  });
});

describe('kinds without use', () => {
  it('are left out and said once each', () => {
    const set = complete(
      other('example.com/v1\nkind: Thing', 'a') +
        other('example.com/v1\nkind: Thing', 'b') +
        other('apps/v1\nkind: ReplicaSet', 'c') +
        other('access.smi-spec.io/v9\nkind: TrafficTarget', 'd'),
    );
    assert.deepEqual(
      set.objects.map(({ object }) => object.metadata.name),
      ['d'],
    );
    assert.deepEqual(
      set.findings.map(({ reason, line, message }) => [reason, line, message]),
      [
        [
          'UnknownObjectKind',
          2,
          '2 objects of kind Thing (example.com/v1) are left alone: Heddle has no use for this kind.',
        ],
        [
          'UnknownObjectKind',
          10,
          'One object of kind ReplicaSet (apps/v1) is left alone: Heddle has no use for this kind.',
        ],
      ],
    );
  });

  it('and the order of objects change nothing', () => {
    const text = deployment('b') + deployment('a') + '---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n';
    const sources = read(text);
    assert.deepEqual(plain(sources.toReversed()), plain(sources));
  });
});
