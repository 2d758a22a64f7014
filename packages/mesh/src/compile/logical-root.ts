import { type Finding, findingAt } from '../findings/finding.ts';
import type { PortEndpoints } from './port-endpoints.ts';
import { protocolOf } from './protocol.ts';
import type { Scope } from './scope.ts';
import { namedServices } from './split-backends.ts';
import type { Split } from './split-roots.ts';

/**
 * The ports of a root that is no Service: the union of its backends' TCP ports, by number, without endpoints of their
 * own. Backends that disagree on a port's protocol make it TCP, with a finding (S7).
 */
export function logicalPorts(
  splits: readonly Split[],
  scope: Scope,
): { ports: readonly PortEndpoints[]; findings: readonly Finding[] } {
  const ports: PortEndpoints[] = [];
  const findings: Finding[] = [];
  for (const [number, [first, ...others]] of backendPorts(splits, scope)) {
    if (first === undefined) continue;
    const odd = others.find(({ protocol }) => protocol !== first.protocol);
    const protocol = odd === undefined ? first.protocol : 'tcp';
    ports.push({ spec: first.spec, protocol, endpoints: [], identities: [] });
    if (odd === undefined) continue;
    findings.push(
      findingAt(
        'ProtocolConflict',
        odd.split.source,
        odd.path,
        `The backends disagree on what port ${number} speaks, so it counts as TCP; give the ports the same appProtocol.`,
      ),
    );
  }
  return { ports: ports.toSorted((a, b) => a.spec.number - b.spec.number), findings };
}

function backendPorts(splits: readonly Split[], scope: Scope) {
  const mentions = splits.flatMap(split =>
    namedServices(split, scope).flatMap((service, index) => {
      const path = ['spec', 'backends', index, 'service'];
      return (service?.value.ports ?? []).map(spec => ({ split, path, spec, ...protocolOf(spec) }));
    }),
  );
  return Map.groupBy(
    mentions.filter(({ protocol }) => protocol !== 'udp'),
    ({ spec }) => spec.number,
  );
}
