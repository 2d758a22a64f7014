import { originOf } from '../model/origin.ts';
import type { Protocol } from '../model/service.ts';
import type { ResolvedTarget, TcpRule } from '../model/target.ts';
import type { Authorization, Gap } from '../model/workload.ts';
import type { TargetUnit } from './targets.ts';

/** What a target opens on one port of the pods that it protects (T8, T10); made once for each target and kind of port. */
export function authorizationOn({ resolved, onPorts }: TargetUnit, port: number, protocol: Protocol): Authorization {
  const key = `${port}/${protocol}`;
  let authorization = onPorts.get(key);
  if (authorization === undefined) {
    authorization = authorize(resolved, port, protocol);
    onPorts.set(key, authorization);
  }
  return authorization;
}

function authorize(resolved: ResolvedTarget, port: number, protocol: Protocol): Authorization {
  const { principals, entries, tcpRules } = resolved;
  const bound = resolved.destination?.port;
  const gaps = [...resolved.gaps];
  const closed = { target: resolved.origin, principals, http: [], tcp: false, gaps } as const;
  if (bound !== undefined && bound !== port) {
    const origin = originOf(resolved.origin.source, ['spec', 'destination', 'port']);
    gaps.push({ origin, why: `it is for port ${bound}, not ${port}` });
    return closed;
  }
  gaps.push(...otherPorts(tcpRules, port));
  const covering = tcpRules.filter(({ ports }) => covers(ports, port));
  const [rule] = covering;
  const portRule = rule !== undefined && { portRule: rule.origin };
  if (protocol === 'udp') return closed;
  if (protocol === 'tcp') {
    const why = `port ${port} does not speak HTTP, which takes a TCPRoute`;
    gaps.push(...entries.map(({ rule: origin }) => ({ origin, why })));
    return { ...closed, tcp: rule !== undefined, ...portRule };
  }
  if (resolved.boundsOnly) {
    const why = 'beside rules of another kind it only bounds those to its ports';
    gaps.push(...covering.map(({ origin }) => ({ origin, why })));
    return { ...closed, http: tcpRules.length === 0 || rule !== undefined ? entries : [] };
  }
  const tcp = protocol === 'detect' && resolved.tcpOnly && rule !== undefined;
  return { ...closed, http: rule === undefined ? [] : 'all', tcp, ...portRule };
}

function covers(ports: TcpRule['ports'], port: number): boolean {
  return ports === 'all' || (ports !== 'none' && ports.includes(port));
}

function otherPorts(rules: readonly TcpRule[], port: number): Gap[] {
  return rules.flatMap(({ origin, ports }) =>
    typeof ports === 'string' || ports.includes(port)
      ? []
      : [{ origin, why: `it is for port ${ports.join(', ')}, not ${port}` }],
  );
}
