import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { originOf } from '../model/origin.ts';
import type { ResolvedSplit, SplitRoot } from '../model/split.ts';
import type { Scope } from './scope.ts';
import { readBackends } from './split-backends.ts';
import type { Split } from './split-roots.ts';

/** The name that splits share the calls of. */
export type Root = Pick<SplitRoot, 'key' | 'own'>;

/** Reads the splits of a root, given in the order of S11: what is said of them is said once, not port by port. */
export function readSplits(
  root: Root,
  splits: readonly Split[],
  scope: Scope,
): { root: SplitRoot; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const matching = splits.filter(hasMatches);
  const [inForce, ...shadowed] = splits.filter(split => !hasMatches(split));
  for (const { source } of shadowed) {
    const message = `${inForce?.ref.name} already splits ${root.key} and is older; merge the two or delete one.`;
    findings.push(findingAt('ConflictingSplit', source, ['spec', 'service'], message));
  }
  const read = (split: Split) => readSplit(root, split, scope, findings);
  const catchAll = inForce && { catchAll: read(inForce) };
  return { root: { ...root, matching: matching.map(read), ...catchAll }, findings };
}

function hasMatches({ value: { spec } }: Split): boolean {
  return (spec.matches ?? []).length > 0;
}

function readSplit(root: Root, split: Split, scope: Scope, findings: Finding[]): ResolvedSplit {
  const { backends, findings: found } = readBackends(split, root.key, scope);
  findings.push(...found);
  const written = split.value.spec.backends;
  const allZero = written.length > 0 && written.every(({ weight }) => weight === 0);
  if (allZero) {
    const message = `Every weight is zero, so requests to ${root.key} get 503; give a backend a weight.`;
    findings.push(findingAt('AllWeightsZero', split.source, ['spec', 'backends'], message));
  }
  const matches = hasMatches(split) ? matchesOf(split, scope, findings) : 'all';
  return { name: split.ref.name, origin: originOf(split.source), matches, backends, allZero };
}

/** All entries of all groups that a split names are OR-ed; a missing group matches nothing (S10). */
function matchesOf(split: Split, { routeGroups }: Scope, findings: Finding[]): HttpRouteMatch[] {
  return (split.value.spec.matches ?? []).flatMap(({ kind, name }, index) => {
    if (kind !== 'HTTPRouteGroup') return [];
    const entries = routeGroups.get(name);
    if (entries !== undefined) return entries;
    const message = `There is no HTTPRouteGroup ${name} in ${split.ref.namespace}; it matches nothing. Create it or mend the name.`;
    findings.push(findingAt('RouteGroupNotFound', split.source, ['spec', 'matches', index, 'name'], message));
    return [];
  });
}

/** What is said of the splits of a root without any TCP port: nobody can call it, so there is nothing to share (S5, S7). */
export function sayPortless({ key, own, matching, catchAll }: SplitRoot): Finding[] {
  const message = own
    ? `${key} has no TCP port and UDP is not carried by the mesh, so this split shares nothing.`
    : `No matching backends: there is neither a Service ${key} nor a backend with a TCP port, so nobody can call it. Create the Services that the split names.`;
  return [...matching, ...(catchAll === undefined ? [] : [catchAll])].map(({ origin: { source } }) =>
    own
      ? findingAt('UdpNotCarried', source, ['spec', 'service'], message)
      : findingAt('NoMatchingBackends', source, ['spec', 'backends'], message),
  );
}
