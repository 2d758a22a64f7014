import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createCompiler,
  createEnvoyRenderer,
  type EnvoyOutput,
  type MeshModel,
  ResourceStore,
  type SidecarConfiguration,
} from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import { CertificateAuthority } from '../identity/ca.ts';
import { WorkloadSecrets } from '../identity/secrets.ts';
import { XdsServer } from '../xds/server.ts';
import { type PublishFailure, SidecarPublisher } from './sidecars.ts';

const pod = (name: string, ip: string, serviceAccountName = name): SourceObject => ({
  object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { serviceAccountName },
    status: { podIP: ip, phase: 'Running' },
  },
});

const web = pod('web', '10.0.0.1');
const cart = pod('cart', '10.0.0.2');

function made(...upserts: SourceObject[]): { model: MeshModel; output: EnvoyOutput } {
  const model = createCompiler()(new ResourceStore().apply({ upserts, removals: [] }));
  return { model, output: createEnvoyRenderer()(model, { trustBundle: 'bundle' }).output };
}

/** The same, but with a resource for one workload that is no message of its type. */
function broken({ model, output }: ReturnType<typeof made>, workload: string): ReturnType<typeof made> {
  const { groups, ...rest } = output.sidecars.get(workload) as SidecarConfiguration;
  const [first, ...others] = groups;
  assert.ok(first);
  const resources = first.resources.map(resource => ({ ...resource, value: { ...resource.value, colour: 'red' } }));
  const configuration = { ...rest, groups: [{ ...first, resources }, ...others] } as SidecarConfiguration;
  return { model, output: { ...output, sidecars: new Map([...output.sidecars, [workload, configuration]]) } };
}

const now = () => new Date(0);

function start() {
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now });
  const failures: PublishFailure[] = [];
  const xds = new XdsServer({ now });
  const publisher = new SidecarPublisher({
    xds,
    secrets: new WorkloadSecrets({ authority, now, onRenewed: () => undefined }),
    open: async () => undefined,
    onFailure: failure => failures.push(failure),
  });
  const publish = ({ model, output }: ReturnType<typeof made>) => [...publisher.publish(model, output)].map(podOf);
  const served = () => xds.status().map(({ node }) => podOf(node));
  const said = () =>
    failures.splice(0).map(({ error, sidecars }) => `${sidecars.map(({ pod }) => pod).join()}: ${String(error)}`);
  return { publisher, publish, served, said };
}

const podOf = (nodeId: string) => nodeId.split('~')[2] ?? '';

test('a sidecar is sent what is made for it, once', () => {
  const { publish, served, said } = start();
  const mesh = made(web, cart);
  assert.deepEqual(publish(mesh).toSorted(), ['cart.shop', 'web.shop']);
  assert.deepEqual(publish(mesh), []);
  assert.deepEqual(publish(made(web)), []);
  assert.deepEqual(served(), ['web.shop']);
  assert.deepEqual(said(), []);
});

test('an identity that nobody may have sets its sidecar aside, and no other', () => {
  const { publisher, publish, served, said } = start();
  const mesh = made(pod('a', '10.0.0.3', 'Odd_Name'), web, pod('b', '10.0.0.4', 'Odd_Name'), cart);
  assert.deepEqual(publish(mesh).toSorted(), ['cart.shop', 'web.shop']);
  assert.deepEqual(served().toSorted(), ['cart.shop', 'web.shop']);
  assert.equal(publisher.setAside, 2);
  assert.deepEqual(said(), ['a,b: Error: "Odd_Name" can\'t be part of an identity']);
  publish(mesh);
  assert.equal(publisher.setAside, 2);
  assert.deepEqual(said(), [], 'the same is not said in each pass');
  publish(made(pod('a', '10.0.0.3'), web, cart));
  assert.equal(publisher.setAside, 0);
});

test('a resource that can not be encoded sets aside whom it is for, until it can', () => {
  const { publisher, publish, served, said } = start();
  const mesh = made(web, cart);
  assert.deepEqual(publish(broken(mesh, 'shop/web')), ['cart.shop']);
  assert.deepEqual(served(), ['cart.shop']);
  assert.equal(publisher.setAside, 1);
  assert.match(said().join('\n'), /^web: .*"colour"/s);
  assert.deepEqual(publish(mesh), ['web.shop']);
  assert.equal(publisher.setAside, 0);
});
