import type { RequestFacts } from '../model/http-route-match.ts';
import { mayRepeat, type ProfileRoute, type RouteProfile } from '../model/route-profile.ts';

/** What a route of a ServiceProfile does with a request, in a sentence. */
export function describeTreatment({ origin }: RouteProfile, route: ProfileRoute, request: RequestFacts): string {
  const { name, timeout, retries } = route;
  const parts = [`ServiceProfile ${origin.source.object.metadata.name} calls this route ${name}`];
  if (timeout !== undefined) parts.push(`it may take ${duration(timeout)} in all`);
  if (retries !== undefined && !mayRepeat(retries, request)) parts.push(`${request.method} is not repeated`);
  else if (retries !== undefined) {
    const { attempts, perTryTimeout, conditions, statuses } = retries;
    const times = attempts === 1 ? 'once' : `up to ${attempts} times`;
    const each = perTryTimeout === undefined ? '' : `, each try within ${duration(perTryTimeout)}`;
    parts.push(`it is repeated ${times} after ${[...conditions, ...statuses].join(', ')}${each}`);
  }
  return `${parts.join('; ')}.`;
}

/** As Go writes it, in the largest unit that says it whole. */
function duration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
