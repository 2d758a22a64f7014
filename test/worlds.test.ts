// Random worlds, policies and calls: `decide` and a walk over the rendered configuration always agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, DependsOnPod, decide } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { type Outcome, outcomeOf } from '../packages/control-plane/src/traffic/compare.ts';
import { normalizePath } from '../packages/mesh/src/explain/normalize-path.ts';
import { dependsOnPod } from './scenarios/walk/ending.ts';
import { envoyPath } from './scenarios/walk/url-path.ts';
import { walk } from './scenarios/walk/walk.ts';
import { callOver, oddPath } from './worlds/call.ts';
import { type MadeMesh, meshOf } from './worlds/mesh-of.ts';
import { policyOver } from './worlds/policy.ts';
import { fixedWorld, headlessWorld, objectsOf } from './worlds/world.ts';

for (const [what, world] of Object.entries({ 'six workloads': fixedWorld, 'headless Services': headlessWorld })) {
  test(`decide and the rendered configuration agree on verdict, status and shares: ${what}`, () => {
    fc.assert(
      fc.property(policyOver(world), fc.noShrink(fc.nat()), (policy, seed) => {
        const mesh = meshOf([...objectsOf(world), ...policy]);
        for (const call of fc.sample(callOver(world, policy), { seed, numRuns: 40 })) {
          assert.deepEqual(decided(mesh, call), walked(mesh, call), JSON.stringify(call));
        }
      }),
      { numRuns: 75 },
    );
  });
}

/** A TrafficTarget for `books` with so many callers beside some real ones. */
function targetFor(name: string, real: readonly object[], others: number, group: string): KubeObject {
  const strangers = Array.from({ length: others }, (_, index) => ({
    kind: 'ServiceAccount',
    name: `${name}-${index}`,
  }));
  const sources = [...real, ...strangers];
  const rules = [{ kind: 'HTTPRouteGroup', name: group }];
  const spec = { destination: { kind: 'ServiceAccount', name: 'books' }, sources, rules };
  return {
    apiVersion: 'access.smi-spec.io/v1alpha4',
    kind: 'TrafficTarget',
    metadata: { name, namespace: 'stock' },
    spec,
  };
}

const groupOf = (name: string, length: number): KubeObject => ({
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name, namespace: 'stock' },
  spec: { matches: Array.from({ length }, (_, index) => ({ name: `e${index}`, pathRegex: `/${name}/${index}` })) },
});
const account = (namespace: string, name: string) => ({ kind: 'ServiceAccount', name, namespace });

test('callers that stand before their routes together, being too many, may do what they may', () => {
  const mesh = meshOf([
    ...objectsOf(fixedWorld),
    groupOf('many', 400),
    groupOf('few', 2),
    targetFor('crowd', [account('shop', 'web'), account('shop', 'cart')], 400, 'many'),
    targetFor('pair', [account('bank', 'pay'), account('shop', 'cart')], 0, 'few'),
  ]);
  assert.match(JSON.stringify(mesh.findings.map(({ reason }) => reason)), /IdentityNotFound/);
  const seen: unknown[] = [];
  for (const [namespace, serviceAccount] of [
    ['shop', 'web'],
    ['shop', 'cart'],
    ['bank', 'pay'],
    ['bank', 'audit'],
  ] as const) {
    for (const path of ['/many/7', '/many/400', '/few/1', '/few/2']) {
      const to = { namespace: 'stock', service: 'books', port: 80 };
      const call: Call = {
        from: { namespace, serviceAccount },
        to,
        protocol: 'http',
        method: 'GET',
        path,
        headers: [],
      };
      assert.deepEqual(walked(mesh, call), decided(mesh, call), JSON.stringify(call));
      if (decide(mesh.model, call).allowed) seen.push(`${serviceAccount} ${path}`);
    }
  }
  assert.deepEqual(seen, ['web /many/7', 'cart /many/7', 'cart /few/1', 'pay /few/1']);
});

test('a path is the same to decide and to the walk, which normalise it each in its own way (H5)', () => {
  const options = { normalizePath: true, mergeSlashes: true, rejectEscapedSlashes: true };
  fc.assert(
    fc.property(oddPath, path => {
      const normalized = normalizePath(path);
      assert.equal(
        'malformed' in normalized ? undefined : normalized.path + normalized.query,
        envoyPath(path, options),
      );
    }),
    { numRuns: 3000 },
  );
});

function decided(mesh: MadeMesh, call: Call): unknown {
  try {
    return view(outcomeOf(decide(mesh.model, call)));
  } catch (error) {
    if (error instanceof DependsOnPod) return 'depends on the pod';
    throw error;
  }
}

function walked(mesh: MadeMesh, call: Call): unknown {
  const outcome = walk(mesh, call);
  return outcome === dependsOnPod ? 'depends on the pod' : view(outcome);
}

/** Shares of zero, and those of a sidecar that refuses by itself, are no part of what is compared. */
function view({ verdict, status, route, wouldDeny = false, shares }: Outcome): unknown {
  const kept = [...shares].filter(([, share]) => share > 0).map(([name, share]) => `${name} ${share.toFixed(9)}`);
  const taken = verdict === 'allow' ? route : null;
  return { verdict, status, route: taken, wouldDeny, shares: verdict === 'allow' ? kept.toSorted() : [] };
}
