import type { Modes } from '../model/modes.ts';
import type { InboundPort } from '../model/workload.ts';
import { authorizationOn } from './authorization.ts';
import type { InboundPortFacts } from './namespace.ts';
import { mergeProtocols } from './protocol.ts';
import type { CompiledPorts } from './services.ts';
import type { TargetUnit } from './targets.ts';

/** The ports that Services open on each workload, by its key: target ports of Services that select its pods (T9). */
export function openPorts(compiled: CompiledPorts): ReadonlyMap<string, readonly InboundPortFacts[]> {
  const open = new Map<string, Map<number, InboundPortFacts>>();
  for (const unit of compiled.services.values()) {
    for (const { protocol, endpoints } of unit.ports) {
      for (const { workload, port } of endpoints) {
        if (workload === undefined) continue;
        let ports = open.get(workload);
        if (ports === undefined) {
          ports = new Map();
          open.set(workload, ports);
        }
        const known = ports.get(port);
        ports.set(port, {
          number: port,
          protocol: known === undefined ? protocol : mergeProtocols(known.protocol, protocol),
        });
      }
    }
  }
  return new Map([...open].map(([key, ports]) => [key, [...ports.values()].toSorted((a, b) => a.number - b.number)]));
}

/** The ports of a workload with what every TrafficTarget for its account opens on them (T1). */
export function inboundPorts(
  facts: readonly InboundPortFacts[],
  targets: readonly TargetUnit[],
  { mtls, policy: mode }: Modes,
): readonly InboundPort[] {
  const plainText = mtls === 'permissive' && mode !== 'enforce';
  return facts
    .filter(({ protocol }) => protocol !== 'udp')
    .map(({ number, protocol }) => ({
      number,
      protocol,
      policy: { mode, plainText, authorizations: targets.map(target => authorizationOn(target, number, protocol)) },
    }));
}
