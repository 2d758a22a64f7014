// Every object that policy is translated to is valid by the schema that its mesh publishes. That of Linkerd's own HTTPRoute
// is read as the Gateway API's, which it has its matches from; its other kinds have none that is published as a package.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import { TCPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/TCPRoute';
import { VirtualService } from '@kubernetes-models/istio/networking.istio.io/v1/VirtualService';
import { AuthorizationPolicy } from '@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy';
import { PeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1/PeerAuthentication';
import * as fc from 'fast-check';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { Service } from 'kubernetes-models/v1/Service';
import { renderers } from '../packages/control-plane/src/cli/output/manifest-renderers.ts';
import { loadScenarios } from './scenarios/load-scenarios.ts';
import { type MadeMesh, meshOf } from './worlds/mesh-of.ts';
import { policyOver } from './worlds/policy.ts';
import { fixedWorld, objectsOf } from './worlds/world.ts';

/** A published schema as a class; `validate` throws. */
type Schema = new (data: never) => { validate(): void };

const gatewayRoute = 'gateway.networking.k8s.io/v1 HTTPRoute';

const schemas: Readonly<Record<string, Schema>> = {
  [gatewayRoute]: HTTPRoute,
  'gateway.networking.k8s.io/v1alpha2 TCPRoute': TCPRoute,
  'networking.istio.io/v1 VirtualService': VirtualService,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'security.istio.io/v1 AuthorizationPolicy': AuthorizationPolicy,
  'security.istio.io/v1 PeerAuthentication': PeerAuthentication,
  'v1 Service': Service,
};

const linkerdKinds: Readonly<Record<string, string>> = {
  AuthorizationPolicy: 'v1alpha1',
  HTTPRoute: 'v1beta3',
  MeshTLSAuthentication: 'v1alpha1',
  NetworkAuthentication: 'v1alpha1',
  Server: 'v1beta3',
};

function check(object: KubeObject): void {
  const { apiVersion, kind } = object;
  if (apiVersion.startsWith('policy.linkerd.io/')) {
    assert.equal(apiVersion, `policy.linkerd.io/${linkerdKinds[kind]}`, kind);
    if (kind === 'HTTPRoute') checkBy(gatewayRoute, { ...object, apiVersion: 'gateway.networking.k8s.io/v1' });
    return;
  }
  checkBy(`${apiVersion} ${kind}`, object);
}

function checkBy(name: string, object: KubeObject): void {
  const schema = schemas[name];
  assert.ok(schema !== undefined, `there is no schema for ${name}`);
  try {
    new schema(object as never).validate();
  } catch (cause) {
    assert.fail(`${name} ${object.metadata.namespace}/${object.metadata.name}: ${String(cause)}`);
  }
}

/** Valid by its schema, each object once, with a name that Kubernetes takes. */
function checkMesh({ model }: MadeMesh): void {
  for (const render of Object.values(renderers)) {
    const { output } = render(model);
    const keys = output.map(({ object: { kind, metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
      'made twice',
    );
    for (const { object } of output) {
      assert.match(object.metadata.name, /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/);
      check(object);
    }
  }
}

test('what scenarios are translated to is valid', () => {
  for (const { mesh } of loadScenarios()) checkMesh(mesh);
});

test('what random policy is translated to is valid', () => {
  fc.assert(
    fc.property(policyOver(fixedWorld), policy => checkMesh(meshOf([...objectsOf(fixedWorld), ...policy]))),
    { numRuns: 40 },
  );
});

test('what is no longer valid is found', () => {
  const [manifest] = renderers['gateway-api'](
    (loadScenarios().find(({ name }) => name === 'split/ninety-ten') ?? assert.fail()).mesh.model,
  ).output.filter(({ object }) => object.kind === 'HTTPRoute');
  assert.ok(manifest !== undefined);
  assert.throws(() => check({ ...manifest.object, spec: { rules: [{ backendRefs: [{ name: 'a', weight: -1 }] }] } }));
});
