import { formatPath } from '@heddle/smi';
import { grantMismatch } from '../model/http-route-match.ts';
import type { ResourceOrigin } from '../model/origin.ts';
import type { Authorization, InboundPort } from '../model/workload.ts';
import { type Knock, nameCaller } from './authorize.ts';
import type { NearMiss } from './verdict.ts';

const most = 5;

/** The rules that nearly let a call pass, nearest first: those that name the caller, then those that fit the request. */
export function nearMisses(ports: readonly InboundPort[], knock: Knock): NearMiss[] {
  const authorizations = [...new Set(ports.flatMap(port => port.policy.authorizations))];
  const ranked = authorizations.flatMap(authorization => missesOf(authorization, knock));
  const unique = new Map(
    ranked.map(miss => [`${nameOf(miss.origin)} ${formatPath(miss.origin.path)} ${miss.why}`, miss]),
  );
  return [...unique.values()]
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ origin, why }) => ({ origin, why }));
}

function missesOf(
  authorization: Authorization,
  knock: Knock,
): { origin: ResourceOrigin; why: string; distance: number }[] {
  const { principals, http, tcp, target, gaps } = authorization;
  const { identity, request } = knock;
  const named = nameCaller(authorization, knock) !== 'none';
  const fits =
    request === undefined
      ? tcp
      : http === 'all' || http.some(({ match }) => grantMismatch(match, request) === undefined);
  const misses: { origin: ResourceOrigin; why: string; distance: number }[] = [];
  if (named) {
    for (const { origin, why } of gaps) misses.push({ origin, why, distance: 1 });
    if (request === undefined && http !== 'all')
      misses.push({ origin: target, why: 'its rules open HTTP requests, not bare connections', distance: 2 });
    if (request !== undefined && http !== 'all') {
      for (const { match } of http)
        misses.push({
          origin: match.origin,
          why: grantMismatch(match, request) ?? '',
          distance: (match.path?.matches(request.path ?? '') ?? true) ? 0 : 2,
        });
    }
  } else if (fits) {
    const ofOtherPods = principals.find(principal => principal.identity === identity)?.binding;
    const origin = { source: target.source, path: ['spec', 'sources'] };
    const sources = [...new Set(principals.map(principal => principal.identity))].join(', ') || 'nobody';
    misses.push(
      ofOtherPods === undefined
        ? { origin, why: `its sources are ${sources}, not ${identity ?? 'plain text'}`, distance: 3 }
        : { origin: ofOtherPods, why: 'its labels pick other pods than the one that calls', distance: 1 },
    );
  }
  return misses;
}

function nameOf(origin: ResourceOrigin): string {
  const { kind, metadata } = origin.source.object;
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
