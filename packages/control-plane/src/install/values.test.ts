import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultInjection } from '../inject/settings.ts';
import { installation } from './installation.ts';
import { injectionSettings } from './settings-of-values.ts';
import { defaultValues, parseSet, readValues } from './values.ts';

const release = { namespace: 'heddle-system', version: '1.2.3' };

test('nothing said is the defaults, and they are right', () => {
  assert.deepEqual(readValues([{}]), { values: defaultValues(), notes: [], problems: [] });
  assert.deepEqual(readValues([defaultValues() as never]), { values: defaultValues(), notes: [], problems: [] });
});

test('later layers count before earlier ones; maps that are values are replaced as a whole', () => {
  const { values } = readValues([
    { replicaCount: 3, resources: { limits: { cpu: '1' } } },
    { image: { tag: 'x' }, resources: { requests: {} } },
  ]);
  assert.equal(values.replicaCount, 3);
  assert.deepEqual(values.image, { registry: 'ghcr.io/heddle', tag: 'x', pullPolicy: 'IfNotPresent' });
  assert.deepEqual(values.resources, { requests: {} });
});

test('values of Open Service Mesh are read, under both prefixes, with a note', () => {
  for (const prefix of ['osm', 'OpenServiceMesh']) {
    const layer = parseSet([
      `${prefix}.enablePermissiveTrafficPolicy=true`,
      `${prefix}.osmController.replicaCount=4`,
      `${prefix}.deployGrafana=true`,
      `${prefix}.outboundPortExclusionList={3306,5432}`,
    ]);
    const { values, notes, problems } = readValues([layer]);
    assert.deepEqual(problems, []);
    assert.equal(values.enablePermissiveTrafficPolicy, true);
    assert.equal(values.replicaCount, 4);
    assert.deepEqual(values.outboundPortExclusionList, [3306, 5432]);
    assert.equal(notes.length, 3);
  }
});

test('everything that is wrong is said', () => {
  const { problems } = readValues([
    {
      replicaCount: 0,
      meshName: 'A_B',
      image: { pullPolicy: 'Often' },
      nonsense: 1,
      enableEgress: 'yes',
      outboundPortExclusionList: [70_000],
    },
  ]);
  assert.equal(problems.length, 6);
  assert.match(problems.join('\n'), /There is no value nonsense/);
  assert.throws(() => parseSet(['x']), SyntaxError);
});

test('no value reaches beyond the tree that it is put into', () => {
  readValues([parseSet(['__proto__.polluted=1', 'constructor.prototype.polluted=1'])]);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('the settings of injection are those that it has by itself', () => {
  const { dnsServers: _, ...wanted } = { ...defaultInjection('1.2.3'), dnsServers: [] };
  assert.deepEqual(injectionSettings(defaultValues(), release, true), {
    ...wanted,
    imagePullPolicy: 'IfNotPresent',
    excludeInboundPorts: [],
    excludeOutboundPorts: [],
    excludeOutboundCidrs: [],
  });
});

test('an installation has one of each object, the definitions before what they define', () => {
  const objects = installation(defaultValues(), release, { valuesJson: '{}', managedBy: 'test' }).map(
    ({ object }) => object,
  );
  const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.indexOf('MeshConfig//mesh') > names.indexOf('CustomResourceDefinition//meshconfigs.heddle.dev'));
});

test('no rule of a role allows everything of anything but reading policy', () => {
  const roles = installation(defaultValues(), release, { valuesJson: '{}', managedBy: 'test' })
    .map(({ object }) => object)
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
  const rules = roles.flatMap(({ rules: all }) => all as { reason: string; verbs: string[]; resources: string[] }[]);
  for (const { verbs, resources, reason } of rules) {
    assert.ok(!verbs.includes('*') && reason.endsWith('.'));
    if (resources.includes('*')) assert.deepEqual(verbs, ['get', 'list', 'watch']);
    if (resources.includes('secrets')) assert.ok(!verbs.includes('list'));
  }
});
