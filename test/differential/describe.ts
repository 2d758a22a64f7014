import { stringify } from 'yaml';
import { callsForShares, describeEnding } from './compare.ts';
import type { Difference, Tally } from './soak.ts';
import type { WireCall } from './trial.ts';

/** A difference for people: how to see it again, the policy, the call, what `decide` says of it and what was seen. */
export function describeDifference({ seed, policy, call, endings, seen }: Difference): string {
  const reasons = new Set(endings.map(({ verdict }) => verdict.message));
  return [
    `seed ${seed}: npm run soak:policy -- --seed ${seed} --sets 1`,
    policy.map(object => stringify(object, { lineWidth: 0 })).join('---\n'),
    ...(call === undefined ? [] : [`call:    ${describeCall(call)}`]),
    ...endings.map(ending => `decide:  ${describeEnding(ending)}`),
    ...[...reasons].map(reason => `         ${reason}`),
    ...seen.map(text => `seen:    ${text}`),
  ].join('\n');
}

function describeCall({ call, http2 }: WireCall): string {
  const { from, to, protocol, method, path, headers } = call;
  const who = `${from.namespace}/${from.serviceAccount} to ${to.service}.${to.namespace}:${to.port}`;
  if (protocol === 'tcp') return `${who}, bytes`;
  const version = protocol === 'grpc' ? 'gRPC' : http2 ? 'HTTP/2' : 'HTTP/1.1';
  const fields = headers.map(([name, value]) => `\n         ${name}: ${JSON.stringify(value)}`);
  return `${who}, ${version}\n         ${method} ${JSON.stringify(path)}${fields.join('')}`;
}

/** The tally in a line. */
export function describeTally({ sets, calls, requests, allowed, shares, passing, differences }: Tally): string {
  const measured = `${shares} of them measured over ${callsForShares} requests`;
  const late = passing.length === 0 ? '' : `, ${passing.length} that differed once and not again`;
  return `${sets} sets, ${calls} calls (${allowed} allowed, ${measured}), ${requests} requests: ${differences.length} differences${late}`;
}
