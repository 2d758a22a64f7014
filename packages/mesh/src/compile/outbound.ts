import { type Finding, findingAt } from '../findings/finding.ts';
import { type Origin, originOf } from '../model/origin.ts';
import type { OutboundPolicy, OutboundRoute, ServicePort, WeightedBackend } from '../model/service.ts';
import type { PortEndpoints } from './port-endpoints.ts';
import { type ReadSplit, type Root, type RootSplits, readSplits, sayPortless } from './root-splits.ts';
import type { Scope } from './scope.ts';
import { objectionTo, type RootPort } from './split-backends.ts';
import type { Split } from './split-roots.ts';
import { maxWeightSum, reduceWeights } from './weights.ts';

/**
 * How clients share the calls of a root, port by port. In: the root, its ports, its splits in the order of S11. Out: the
 * ports with their routes, and everything that is to be said of the splits. It must not know who may call whom.
 */
export function routePorts(
  root: Root,
  ports: readonly PortEndpoints[],
  splits: readonly Split[],
  scope: Scope,
): { ports: readonly ServicePort[]; findings: readonly Finding[] } {
  const { splits: read, findings } = readSplits(root, splits, scope);
  const said = [...findings];
  const routed = ports.map(({ spec: { number, name }, protocol, endpoints, identities }): ServicePort => {
    const outbound = protocol === 'udp' ? noRoutes : outboundPolicy({ number, protocol }, read, said);
    return { number, name, protocol, endpoints, identities, outbound };
  });
  if (routed.every(({ protocol }) => protocol === 'udp')) said.push(...sayPortless(read));
  return { ports: routed, findings: said };
}

const noRoutes: OutboundPolicy = { routes: [] };

/** Splits with matches first, then one without, then the root itself (S11). */
function outboundPolicy(port: RootPort, { root, matching, catchAll }: RootSplits, findings: Finding[]): OutboundPolicy {
  const routes: OutboundRoute[] = [];
  for (const read of matching) {
    if (port.protocol === 'tcp') {
      const message = `Port ${port.number} of ${root.key} does not speak HTTP, so this split has no effect on it.`;
      findings.push(findingAt('MatchesOnTcpPort', read.split.source, ['spec', 'matches'], message));
      continue;
    }
    const route = routeOf(root, port, read, findings);
    for (const match of read.matches) routes.push({ ...route, match });
  }
  const ranked = routes
    .map((route, position) => ({ route, position }))
    .toSorted((a, b) => rank(a.route, b.route) || a.position - b.position)
    .map(({ route }) => route);
  const last =
    catchAll === undefined
      ? ownRoute(root, port, { default: root.own ? 'OwnEndpoints' : 'NoEndpoints' })
      : routeOf(root, port, catchAll, findings);
  return { routes: [...ranked, last] };
}

function routeOf(root: Root, port: RootPort, read: ReadSplit, findings: Finding[]): OutboundRoute {
  const { source } = read.split;
  const path = ['spec', 'backends'];
  const origin = originOf(source, path);
  if (read.allZero) return { backends: [], origin };
  const usable = read.backends.filter(backend => {
    const objection = objectionTo(backend, root.key, port);
    if (objection !== undefined) findings.push(findingAt(objection.reason, source, backend.path, objection.message));
    return !objection?.leftOut;
  });
  if (!usable.some(({ weight }) => weight > 0)) {
    const rest = root.own ? `${root.key} itself serves` : 'requests get 503';
    const message = `No matching backends on port ${port.number}: ${rest}. Create the Services that the split names, with that port.`;
    findings.push(findingAt('NoMatchingBackends', source, path, message));
    return ownRoute(root, port, origin);
  }
  const { weights, scaled } = reduceWeights(usable.map(({ weight }) => weight));
  if (scaled) {
    const message = `The weights on port ${port.number} add up to more than ${maxWeightSum} and were scaled to fit; shares stay within ${usable.length} parts of that, one per backend. Write smaller ones.`;
    findings.push(findingAt('WeightsScaled', source, path, message));
  }
  const backends = usable.map(
    ({ key }, index): WeightedBackend => ({ service: key, port: port.number, weight: weights[index] ?? 0 }),
  );
  return { backends, origin };
}

function ownRoute(root: Root, { number }: RootPort, origin: Origin): OutboundRoute {
  return { backends: root.own ? [{ service: root.key, port: number, weight: 1 }] : [], origin };
}

/** Rank of S11 between entries; what is equal keeps the order of splits and positions. */
function rank(a: OutboundRoute, b: OutboundRoute): number {
  const [x, y] = [a.match, b.match];
  if (x === undefined || y === undefined) return 0;
  return (
    y.headers.length - x.headers.length ||
    Number(y.path !== undefined) - Number(x.path !== undefined) ||
    (y.path?.pattern.length ?? 0) - (x.path?.pattern.length ?? 0) ||
    Number(y.methods !== undefined) - Number(x.methods !== undefined)
  );
}
