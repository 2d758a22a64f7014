import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../kinds.ts';
import { crds } from './crds.ts';

const webhook = { service: { namespace: 'heddle-system', name: 'heddle', path: '/convert' }, caBundle: 'Y2E=' };

test('there is a definition for every stored kind of policy, in all versions, those of SMI stored as v1alpha4', () => {
  const names = kinds.filter(({ policy, kind }) => policy && kind !== 'TrafficMetrics');
  const stored = names.map(({ group, kind, versions }) => `${group} ${kind} ${versions.join()}`);
  const defined = crds().map(
    ({ spec }) => `${spec.group} ${spec.names.kind} ${spec.versions.map(({ name }) => name).join()}`,
  );
  assert.deepEqual(defined.toSorted(), stored.toSorted());
  for (const { spec } of crds()) {
    const ofSmi = spec.group.endsWith('smi-spec.io');
    assert.deepEqual(
      spec.versions.filter(({ storage }) => storage).map(({ name }) => name),
      [ofSmi ? 'v1alpha4' : 'v1alpha1'],
    );
    assert.deepEqual(spec.names.categories, [ofSmi ? 'smi' : 'heddle']);
    assert.equal(spec.scope, ofSmi ? 'Namespaced' : 'Cluster');
  }
});

test('short names are those of the official definitions', () => {
  const names = Object.fromEntries(crds().map(({ spec }) => [spec.names.plural, spec.names.shortNames?.join(' ')]));
  assert.deepEqual(names, {
    traffictargets: 'tt',
    identitybindings: 'ib',
    httproutegroups: 'htr',
    tcproutes: 'tr',
    udproutes: 'ur',
    serviceprofiles: undefined,
    trafficsplits: 'ts',
    meshconfigs: undefined,
  });
});

const served = (options: Parameters<typeof crds>[0]) =>
  Object.fromEntries(
    crds(options).map(({ spec }) => [
      spec.names.kind,
      spec.versions
        .filter(({ served }) => served)
        .map(({ name }) => name.replace('v1alpha', ''))
        .join(''),
    ]),
  );

test('a version with other fields is served only where a webhook converts it', () => {
  const one = { IdentityBinding: '4', UDPRoute: '4', ServiceProfile: '4', MeshConfig: '1' };
  const all = '1234';
  assert.deepEqual(served({}), {
    ...one,
    TrafficTarget: '234',
    HTTPRouteGroup: '34',
    TCPRoute: all,
    TrafficSplit: '234',
  });
  assert.deepEqual(served({ conversion: webhook }), {
    ...one,
    TrafficTarget: all,
    HTTPRouteGroup: all,
    TCPRoute: all,
    TrafficSplit: all,
  });
});

test('the webhook is named in the definitions of several versions', () => {
  for (const { spec } of crds({ conversion: webhook })) {
    const expected = { strategy: 'Webhook', webhook: { clientConfig: webhook, conversionReviewVersions: ['v1'] } };
    assert.deepEqual(spec.conversion, spec.versions.length > 1 ? expected : undefined);
  }
});

test('schemas are structural: every field has a type, or keeps whatever there is', () => {
  const check = (schema: Readonly<Record<string, unknown>>, path: string): void => {
    const free = schema['x-kubernetes-preserve-unknown-fields'] === true;
    assert.ok(typeof schema['type'] === 'string' || free, path);
    assert.ok(
      free || !path.includes('.') || path.endsWith('Version') || /kind|metadata$/.test(path) || schema['description'],
      path,
    );
    const { properties = {}, items, additionalProperties } = schema as Record<string, Record<string, never>>;
    for (const [name, property] of Object.entries(properties)) check(property, `${path}.${name}`);
    if (items !== undefined) check(items, `${path}[]`);
    if (additionalProperties !== undefined) check(additionalProperties, `${path}{}`);
  };
  for (const { spec } of crds()) {
    for (const { name, schema } of spec.versions) check(schema.openAPIV3Schema, `${spec.names.kind} ${name}`);
  }
});

function text(kind: string, version: number): string {
  return JSON.stringify(crds().find(({ spec }) => spec.names.kind === kind)?.spec.versions[version - 1]?.schema);
}

test('what may be a map or a list, and quantities, keep what is written (V3, V5)', () => {
  assert.match(text('HTTPRouteGroup', 1), /"headers":\{[^}]*"x-kubernetes-preserve-unknown-fields":true/);
  assert.match(text('TrafficSplit', 1), /"weight":\{[^}]*"x-kubernetes-preserve-unknown-fields":true/);
  assert.match(text('TrafficSplit', 2), /"weight":\{[^}]*"type":"integer"/);
});
