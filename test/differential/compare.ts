import type { Call } from '@heddle/mesh';
import type { CallReport, ExchangeCount } from '../../packages/control-plane/src/traffic/order.ts';
import { type Ending, forwarded } from './endings.ts';

/** How far a share may be from what is expected, in standard deviations of so many calls. */
const sigmas = 5;

/** So many calls before shares are judged. */
export const callsForShares = 2000;

/** What of a report is not among the ways in which the call may end; empty when all is. */
export function differencesFrom(call: Call, endings: readonly Ending[], { exchanges }: CallReport): readonly string[] {
  const found: string[] = [];
  const seen = new Map<Ending, number>();
  const total = exchanges.reduce((sum, { count }) => sum + count, 0);
  for (const exchange of exchanges) {
    const fitting = endings.filter(ending => fits(call, ending, exchange));
    if (fitting.length === 0) found.push(describeExchange(exchange, total));
    const sum = fitting.reduce((all, { share }) => all + share, 0);
    for (const ending of fitting) seen.set(ending, (seen.get(ending) ?? 0) + (exchange.count * ending.share) / sum);
  }
  if (found.length > 0 || total < callsForShares) return found;
  return endings.flatMap(ending => {
    const actual = (seen.get(ending) ?? 0) / total;
    const tolerance = sigmas * Math.sqrt((ending.share * (1 - ending.share)) / total);
    if (Math.abs(actual - ending.share) <= tolerance) return [];
    return [`${describeEnding(ending)} in ${percent(actual)} of ${total} calls`];
  });
}

/** Whether an exchange is one that ends so. */
function fits(call: Call, { verdict, workload }: Ending, exchange: ExchangeCount): boolean {
  const { end, byMesh, status } = exchange;
  if (verdict.allowed) {
    if (end !== 'answered' || byMesh) return false;
    if (call.protocol === 'tcp') return exchange.responder === workload;
    return status === 200 && exchange.responder === `${workload} ${forwarded(call, verdict)}`;
  }
  if (verdict.reason === 'ServiceNotFound') return end === 'unreachable';
  if (verdict.status !== null) return end === 'answered' && byMesh && status === verdict.status;
  // Bytes that HTTP's parser was given are answered with its 400, and then closed.
  return end === 'closed' || end === 'reset' || (end === 'answered' && byMesh && call.protocol === 'tcp');
}

/** An ending in a few words. */
export function describeEnding({ verdict, share, workload }: Ending): string {
  const { allowed, status, reason } = verdict;
  const what = `${allowed ? 'allowed' : 'refused'} ${status ?? 'as bytes'} ${reason}`;
  return `${what}${workload === undefined ? '' : ` at ${workload}`}${share === 1 ? '' : ` (${percent(share)})`}`;
}

/** An exchange in a few words. */
export function describeExchange({ count, ...exchange }: ExchangeCount, total = count): string {
  const { end, status, byMesh, responder, detail } = exchange;
  const answer = byMesh ? 'answered by the mesh' : `answered by "${responder}"`;
  const what = end === 'answered' ? `${answer}${status === null ? '' : ` with ${status}`}` : `${end}: ${detail}`;
  return `${what}${count === total ? '' : `, ${count} of ${total} calls`}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
