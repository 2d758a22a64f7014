import { type Finding, findingAt } from '../findings/finding.ts';
import { type Origin, originOf } from '../model/origin.ts';
import type { OutboundPolicy, OutboundRoute, ServicePort, WeightedBackend } from '../model/service.ts';
import type { ResolvedSplit, SplitRoot } from '../model/split.ts';
import type { PortEndpoints } from './port-endpoints.ts';
import { type Root, readSplits, sayPortless } from './root-splits.ts';
import type { Scope } from './scope.ts';
import { objectionTo, type RootPort } from './split-backends.ts';
import type { Split } from './split-roots.ts';
import { maxWeightSum, reduceWeights } from './weights.ts';

/** A root with its ports routed, and everything that is to be said of its splits. */
export interface RoutedRoot {
  readonly splits: SplitRoot;
  readonly ports: readonly ServicePort[];
  readonly findings: readonly Finding[];
}

/**
 * How clients share the calls of a root, port by port. In: the root, its ports, its splits in the order of S11. It must not
 * know who may call whom.
 */
export function routePorts(
  root: Root,
  ports: readonly PortEndpoints[],
  splits: readonly Split[],
  scope: Scope,
): RoutedRoot {
  const read = readSplits(root, splits, scope);
  const findings = [...read.findings];
  const routed = ports.map(({ spec: { number, name, targetPort }, protocol, endpoints, identities }): ServicePort => {
    const place = { root: read.root, port: { number, protocol }, scope, findings };
    const outbound = protocol === 'udp' ? noRoutes : outboundPolicy(place);
    return { number, name, ...(root.own && { targetPort }), protocol, endpoints, identities, outbound };
  });
  if (routed.every(({ protocol }) => protocol === 'udp')) findings.push(...sayPortless(read.root));
  return { splits: read.root, ports: routed, findings };
}

const noRoutes: OutboundPolicy = { routes: [] };

/** One port of a root, and where to say what is wrong with its splits there. */
interface PortOfRoot {
  readonly root: SplitRoot;
  readonly port: RootPort;
  readonly scope: Scope;
  readonly findings: Finding[];
}

/** Splits with matches first, then one without, then the root itself (S11). */
function outboundPolicy(place: PortOfRoot): OutboundPolicy {
  const { root, port, findings } = place;
  const routes: OutboundRoute[] = [];
  for (const split of root.matching) {
    if (port.protocol === 'tcp') {
      const message = `Port ${port.number} of ${root.key} does not speak HTTP, so this split has no effect on it.`;
      findings.push(findingAt('MatchesOnTcpPort', split.origin.source, ['spec', 'matches'], message));
      continue;
    }
    const route = routeOf(split, place);
    for (const match of split.matches === 'all' ? [] : split.matches) routes.push({ ...route, match });
  }
  const ranked = routes
    .map((route, position) => ({ route, position }))
    .toSorted((a, b) => rank(a.route, b.route) || a.position - b.position)
    .map(({ route }) => route);
  const last =
    root.catchAll === undefined
      ? ownRoute({ default: root.own ? 'OwnEndpoints' : 'NoEndpoints' }, place)
      : routeOf(root.catchAll, place);
  return { routes: [...ranked, last] };
}

function routeOf(split: ResolvedSplit, place: PortOfRoot): OutboundRoute {
  const { root, port, scope, findings } = place;
  const { source } = split.origin;
  const path = ['spec', 'backends'];
  const origin = originOf(source, path);
  if (split.allZero) return { backends: [], origin };
  const usable = split.backends.filter(backend => {
    const objection = objectionTo(backend, root.key, port, scope);
    if (objection !== undefined)
      findings.push(findingAt(objection.reason, source, backend.origin.path, objection.message));
    return !objection?.leftOut;
  });
  if (!usable.some(({ weight }) => weight > 0)) {
    const rest = root.own ? `${root.key} itself serves` : 'requests get 503';
    const message = `No matching backends on port ${port.number}: ${rest}. Create the Services that the split names, with that port.`;
    findings.push(findingAt('NoMatchingBackends', source, path, message));
    return ownRoute(origin, place);
  }
  const { weights, scaled } = reduceWeights(usable.map(({ weight }) => weight));
  if (scaled) {
    const message = `The weights on port ${port.number} add up to more than ${maxWeightSum} and were scaled to fit; shares stay within ${usable.length} parts of that, one per backend. Write smaller ones.`;
    findings.push(findingAt('WeightsScaled', source, path, message));
  }
  const backends = usable.map(
    ({ service }, index): WeightedBackend => ({ service, port: port.number, weight: weights[index] ?? 0 }),
  );
  return { backends, origin };
}

function ownRoute(origin: Origin, { root, port }: PortOfRoot): OutboundRoute {
  return { backends: root.own ? [{ service: root.key, port: port.number, weight: 1 }] : [], origin };
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
