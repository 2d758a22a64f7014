// What other meshes make of translated policy, as their documentation has it: never more than the model allows, and just
// that where nothing else was told. The simulations share no code with the backends, nor with `decide`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type Call,
  type Finding,
  type HttpRouteMatch,
  type Manifest,
  type RenderManifests,
  renderGatewayApi,
  renderIstio,
  renderLinkerd,
  type Service,
  type ServicePort,
  type Workload,
} from '@heddle/mesh';
import { formatPath, refOf } from '@heddle/smi';
import * as fc from 'fast-check';
import { authorize } from '../packages/mesh/src/explain/authorize.ts';
import { grantMismatch, mismatch } from '../packages/mesh/src/model/http-route-match.ts';
import { compareByKind, compareByLength } from './translations/http-route.ts';
import { istioAllows } from './translations/istio-authorization.ts';
import { linkerdAllows } from './translations/linkerd-authorization.ts';
import { comparedCalls, matrixPage } from './translations/matrix.ts';
import { networkAllows } from './translations/network-policy.ts';
import type { Place, Request, Visit } from './translations/objects.ts';
import { istioShares, routeShares, type Shares, sharesOf } from './translations/routing.ts';
import { visitOf } from './translations/visit.ts';
import { callOver } from './worlds/call.ts';
import { type MadeMesh, meshOf } from './worlds/mesh-of.ts';
import { policyOver } from './worlds/policy.ts';
import { fixedWorld, objectsOf } from './worlds/world.ts';

const runs = { numRuns: 40 };
const callsEach = 30;

/** A random mesh, and requests that go near the borders of its policy. */
function forEachMesh(
  render: RenderManifests,
  check: (mesh: MadeMesh, said: Said, calls: readonly Call[]) => void,
): void {
  fc.assert(
    fc.property(policyOver(fixedWorld), fc.noShrink(fc.nat()), (policy, seed) => {
      const mesh = meshOf([...objectsOf(fixedWorld), ...policy]);
      const { output, findings } = render(mesh.model);
      check(mesh, new Said(output, findings), fc.sample(callOver(fixedWorld, policy), { seed, numRuns: callsEach }));
    }),
    runs,
  );
}

/** A translation, and of what it said that it is not as written. */
class Said {
  readonly manifests: readonly Manifest[];
  readonly #fields: readonly string[];
  readonly #findings: readonly Finding[];

  constructor(manifests: readonly Manifest[], findings: readonly Finding[]) {
    this.manifests = manifests;
    this.#findings = findings.filter(({ severity }) => severity !== 'info');
    this.#fields = this.#findings.map(
      ({ object, field }) => `${object?.namespace}/${object?.kind}/${object?.name} ${field}`,
    );
  }

  of({ origin: { source, path } }: Pick<HttpRouteMatch, 'origin'>): boolean {
    const { namespace, kind, name } = refOf(source.object);
    const place = `${namespace}/${kind}/${name} ${formatPath(path)}`;
    return this.#fields.some(field => field === place || field.startsWith(`${place}.`));
  }

  anything(message: RegExp): boolean {
    return this.#findings.some(finding => message.test(finding.message));
  }
}

interface Knock {
  readonly workload: Workload;
  readonly port: Workload['ports'][number];
  readonly place: Place;
  readonly visit: Visit;
  readonly allowed: boolean;
  /** Whether it is allowed by something of which nothing was said. */
  readonly plainly: boolean;
}

/** Each visit at each port of the namespace that the call goes to. */
function knocksOf(mesh: MadeMesh, said: Said, calls: readonly Call[]): Knock[] {
  return calls.flatMap(call => {
    const visit = visitOf(call, mesh);
    const workloads = [...(mesh.model.namespaces.get(call.to.namespace)?.workloads.values() ?? [])];
    if (visit === undefined) return [];
    return workloads.flatMap(workload =>
      workload.ports
        // What is no request is refused by any mesh where HTTP is spoken.
        .filter(({ protocol }) => visit.request !== undefined || protocol !== 'http')
        .map(port => knockOf(workload, port, visit, said)),
    );
  });
}

// oxlint-disable-next-line max-params -- where, by whom, and what was said
function knockOf(workload: Workload, port: Workload['ports'][number], visit: Visit, said: Said): Knock {
  const identity = `spiffe://cluster.local/ns/${visit.namespace}/sa/${visit.serviceAccount}`;
  // A request is bytes like others to a port that speaks no HTTP.
  const request = port.protocol === 'tcp' ? undefined : visit.request;
  const verdict = authorize(port, workload, { identity, addresses: visit.addresses, request });
  const plainly = port.policy.authorizations.some(({ principals, http, tcp }) => {
    // That callers are not known by their labels is told.
    if (!principals.some(one => one.identity === identity && one.addresses === undefined)) return false;
    if (request === undefined) return tcp;
    if (http === 'all') return true;
    return http.some(({ match }) => grantMismatch(match, request) === undefined && !said.of(match));
  });
  const { namespace, labels } = workload;
  const place = { namespace, labels, port: port.number };
  return { workload, port, place, visit: { ...visit, request }, allowed: verdict.kind === 'allowed', plainly };
}

function describe({ workload, port, visit }: Knock): string {
  const { request } = visit;
  const what =
    request === undefined ? 'bytes' : `${request.method} ${request.path} ${JSON.stringify([...request.headers])}`;
  return `${visit.namespace}/${visit.serviceAccount} sends ${what} to ${workload.key}:${port.number}`;
}

test('Istio lets in what the model does, and no more (T1, T6, T7, T8, T9)', () => {
  const seen = { allowed: 0, plainly: 0 };
  forEachMesh(renderIstio, (mesh, said, calls) => {
    for (const knock of knocksOf(mesh, said, calls)) {
      const allows = istioAllows(said.manifests, knock.place, knock.visit);
      if (allows) assert.ok(knock.allowed, `Istio alone lets in: ${describe(knock)}`);
      if (knock.plainly) assert.ok(allows, `Istio alone refuses: ${describe(knock)}`);
      if (knock.allowed) seen.allowed++;
      if (knock.plainly) seen.plainly++;
    }
  });
  assert.ok(seen.plainly > 50 && seen.plainly < seen.allowed, JSON.stringify(seen));
});

test('Linkerd lets in what the model does, and no more (T1, T6, T7, T8, T9)', () => {
  let compared = 0;
  forEachMesh(renderLinkerd, (mesh, said, calls) => {
    const overlaps = said.anything(/asks one rule only/);
    for (const knock of knocksOf(mesh, said, calls)) {
      const { surely, perhaps } = linkerdAllows(said.manifests, knock.place, knock.visit);
      // That it can't refuse a look-alike of a header is told.
      const hasLookalike = [...(knock.visit.request?.headers.keys() ?? [])].some(name => name.includes('_'));
      if (perhaps && !hasLookalike) assert.ok(knock.allowed, `Linkerd alone lets in: ${describe(knock)}`);
      if (!knock.plainly || overlaps) continue;
      assert.ok(surely, `Linkerd alone refuses: ${describe(knock)}`);
      compared++;
    }
  });
  assert.ok(compared > 20, `${compared} compared`);
});

test('NetworkPolicies let in whoever may send anything, and nobody else (T1, T8, T9)', () => {
  forEachMesh(renderGatewayApi, (mesh, said, calls) => {
    for (const knock of knocksOf(mesh, said, calls)) {
      const allows = networkAllows(said.manifests, knock.place, knock.visit);
      if (knock.allowed) assert.ok(allows, `refused: ${describe(knock)}`);
      const identity = `spiffe://cluster.local/ns/${knock.visit.namespace}/sa/${knock.visit.serviceAccount}`;
      const known = knock.port.policy.authorizations.some(
        ({ principals, http, tcp }) =>
          (tcp || http === 'all' || http.length > 0) && principals.some(principal => principal.identity === identity),
      );
      if (allows && knock.workload.modes.policy === 'enforce') assert.ok(known, `let in: ${describe(knock)}`);
    }
  });
});

/** Each request at each port of each Service of the namespace that the call goes to. */
function forEachRequest(
  mesh: MadeMesh,
  calls: readonly Call[],
  check: (service: Service, port: ServicePort, request: Request) => void,
): void {
  for (const call of calls) {
    const { request } = visitOf(call, mesh) ?? {};
    if (request === undefined) continue;
    for (const service of mesh.model.namespaces.get(call.to.namespace)?.services.values() ?? []) {
      const own = new Map([...request.headers, ['host', service.name] as const]);
      for (const port of service.ports) {
        if (port.protocol === 'http') check(service, port, { ...request, headers: own });
      }
    }
  }
}

function modelShares({ outbound }: ServicePort, request: Request): Shares {
  const route = outbound.routes.find(({ match }) => match === undefined || mismatch(match, request) === undefined);
  const backends = (route?.backends ?? []).map(({ service, weight }) => ({
    name: service.split('/')[1] ?? '',
    weight,
  }));
  return backends.length === 0 ? { status: 503 } : sharesOf(backends);
}

/** Weights that a target doesn't take are scaled: by no more than one part in a million here. */
function assertAlike(actual: Shares, expected: Shares, what: string): void {
  if ('status' in actual || 'status' in expected) return assert.deepEqual(actual, expected, what);
  assert.deepEqual([...actual.keys()].toSorted(), [...expected.keys()].toSorted(), what);
  for (const [name, share] of expected) assert.ok(Math.abs((actual.get(name) ?? 0) - share) < 1e-5, what);
}

/** Whether anything was said of what the routes of a port came from. */
function isSaid({ outbound }: ServicePort, said: Said): boolean {
  return outbound.routes.some(
    ({ match, origin }) => (match !== undefined && said.of(match)) || (!('default' in origin) && said.of({ origin })),
  );
}

test('a VirtualService shares requests as the model does (S1, S2, S10, S11)', () => {
  let compared = 0;
  forEachMesh(renderIstio, (mesh, said, calls) =>
    forEachRequest(mesh, calls, (service, port, request) => {
      if (isSaid(port, said)) return;
      const shares = istioShares(said.manifests, service, port.number, request);
      assertAlike(
        shares,
        modelShares(port, request),
        `${request.method} ${request.path} to ${service.key}:${port.number}`,
      );
      if (port.outbound.routes.length > 1) compared++;
    }),
  );
  assert.ok(compared > 20, `${compared} compared`);
});

for (const [mesh, render, compare] of [
  ['the Gateway API', renderGatewayApi, compareByKind],
  ['the Gateway API, ranked as by Linkerd', renderGatewayApi, compareByLength],
  ['Linkerd', renderLinkerd, compareByLength],
] as const) {
  test(`an HTTPRoute shares requests as the model does: ${mesh} (S1, S10, S11)`, () => {
    let compared = 0;
    forEachMesh(render, (made, said, calls) =>
      forEachRequest(made, calls, (service, port, request) => {
        if (isSaid(port, said)) return;
        const shares = routeShares(said.manifests, service, { port: port.number, request }, compare);
        const expected = modelShares(port, request);
        assertAlike(shares, expected, `${request.method} ${request.path} to ${service.key}:${port.number}`);
        if (port.outbound.routes.length > 1) compared++;
      }),
    );
    assert.ok(compared > 20, `${compared} compared`);
  });
}

test('no call of a scenario passes in another mesh that Heddle refuses, but what the Gateway API can not refuse', () => {
  const open = comparedCalls().filter(({ target, likeness }) => likeness === 'open' && target !== 'gateway-api');
  assert.deepEqual(
    open.map(({ scenario, target, call }) => `${scenario} on ${target}: ${call.name}`),
    [],
  );
});

test('docs/reference/translations.md says what becomes of the calls of scenarios', () => {
  const page = new URL('../docs/reference/translations.md', import.meta.url);
  assert.equal(readFileSync(page, 'utf8'), matrixPage(), 'out of date: run `npm run docs`');
});
