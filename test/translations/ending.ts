import { type Call, type Manifest, type Service, serviceOf, workloadOf } from '@heddle/mesh';
import type { MadeMesh } from '../worlds/mesh-of.ts';
import { compareByKind, compareByLength } from './http-route.ts';
import { istioAllows } from './istio-authorization.ts';
import { linkerdAllows } from './linkerd-authorization.ts';
import { networkAllows } from './network-policy.ts';
import type { Place, Visit } from './objects.ts';
import { istioBytes, istioShares, routeBytes, routeShares, type Shares } from './routing.ts';
import { visitOf } from './visit.ts';

/** How a call ends: whether it is let in wherever it goes, and where that is. */
export interface Ending {
  readonly allowed: boolean;
  readonly shares: ReadonlyMap<string, number>;
}

/** Another mesh, as far as calls notice it. */
interface Simulation {
  readonly allows: (manifests: readonly Manifest[], place: Place, visit: Visit) => boolean;
  readonly shares: (manifests: readonly Manifest[], service: Service, port: number, visit: Visit) => Shares;
}

/** By the name of the target. */
export const simulations: Readonly<Record<string, Simulation>> = {
  istio: {
    allows: istioAllows,
    shares: (manifests, service, port, { request }) =>
      request === undefined ? istioBytes(manifests, service, port) : istioShares(manifests, service, port, request),
  },
  linkerd: {
    allows: (manifests, place, visit) => linkerdAllows(manifests, place, visit).surely,
    shares: routed(compareByLength),
  },
  'gateway-api': { allows: networkAllows, shares: routed(compareByKind) },
};

function routed(compare: typeof compareByKind): Simulation['shares'] {
  return (manifests, service, port, { request }) =>
    request === undefined
      ? routeBytes(manifests, service, port)
      : routeShares(manifests, service, { port, request }, compare);
}

/** How a call ends in another mesh; `undefined` where the call is no question to it. */
export function endingIn(
  target: string,
  manifests: readonly Manifest[],
  mesh: MadeMesh,
  call: Call,
): Ending | undefined {
  const simulation = simulations[target];
  const { to } = call;
  const service = serviceOf(mesh.model, `${to.namespace}/${to.service}`);
  const port = service?.ports.find(({ number }) => number === to.port);
  const visit = visitOf(call, mesh);
  if (simulation === undefined || visit === undefined || to.pod !== undefined) return undefined;
  if (service?.inMesh !== true || port === undefined || port.protocol === 'udp') return undefined;
  if (port.protocol === 'http' && visit.request === undefined) return undefined;
  const arriving = port.protocol === 'tcp' ? { ...visit, request: undefined } : visit;
  const shares = simulation.shares(manifests, service, to.port, arriving);
  if ('status' in shares) return { allowed: false, shares: new Map() };
  const places = [...shares.keys()].map(name => placesOf(mesh, `${to.namespace}/${name}`, to.port));
  if (places.some(list => list.length === 0)) return { allowed: false, shares };
  return { allowed: places.flat().every(place => simulation.allows(manifests, place, arriving)), shares };
}

function placesOf({ model }: MadeMesh, key: string, port: number): Place[] {
  const endpoints = serviceOf(model, key)?.ports.find(({ number }) => number === port)?.endpoints ?? [];
  return endpoints.flatMap(({ workload = '', port: number, ready }) => {
    const { namespace, labels } = workloadOf(model, workload) ?? {};
    return ready && namespace !== undefined && labels !== undefined ? [{ namespace, labels, port: number }] : [];
  });
}
