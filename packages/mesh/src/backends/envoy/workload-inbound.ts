import type {
  FilterChainJson,
  ListenerFilterJson,
} from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { Origin } from '../../model/origin.ts';
import type { InboundPort, Workload } from '../../model/workload.ts';
import { refusedConnections } from './access-log.ts';
import { auditOf } from './audit.ts';
import { handshakeLog } from './handshake-log.ts';
import { chainsOf, takesUnknownBytes } from './inbound-chains.ts';
import { inboundRoutes } from './inbound-routes.ts';
import { inboundPort, names } from './names.ts';
import { extensionType, listenerType, type ResourceGroup, routeType, type XdsResource } from './resource.ts';
import { httpInspector } from './service-front.ts';
import { typed } from './typed.ts';

/**
 * A workload's inbound side, which its replicas share. Authorization of HTTP travels in the routes, that of TCP in who may
 * open a connection. Every caller has filter chains of its own, which Envoy changes in place: a change of policy ends the
 * connections of those whom it concerns and of nobody else (T12). So does a change of its mode: it concerns those whom no
 * TrafficTarget lets in, and plain text (I4).
 */
export function inboundOf(workload: Workload): ResourceGroup {
  const resources: XdsResource[] = [listenerOf(workload)];
  for (const port of workload.ports) {
    const { key } = workload;
    const origins = originsOf(port);
    const add = (typeUrl: string, name: string, value: object) => resources.push({ typeUrl, name, value, origins });
    if (port.protocol !== 'tcp') add(routeType, names.inboundRoutes(key, port.number), inboundRoutes(workload, port));
    if (takesUnknownBytes(port)) {
      const name = names.audit(key, port.number);
      add(extensionType, name, auditOf(name, port.policy.mode));
    }
  }
  return { resources };
}

/** The TrafficTargets of a port, and the route objects and bindings that they name. */
function originsOf(port: InboundPort): Origin[] {
  const sources = new Map<object, Origin>();
  for (const { target, http, portRule, principals } of port.policy.authorizations) {
    sources.set(target.source, target);
    for (const { binding } of principals) if (binding !== undefined) sources.set(binding.source, binding);
    if (portRule !== undefined) sources.set(portRule.source, portRule);
    if (http !== 'all') for (const { match } of http) sources.set(match.origin.source, match.origin);
  }
  return [...sources.values()];
}

function listenerOf(workload: Workload): XdsResource {
  const name = names.inboundListener(workload.key);
  const value: ListenerJson = {
    name,
    address: { socketAddress: { address: '0.0.0.0', portValue: inboundPort } },
    trafficDirection: 'INBOUND',
    accessLog: [handshakeLog, refusedConnections(workload.key)],
    ...patience,
    listenerFilters: [...inspectors, ...detecting(workload.ports)],
    filterChains: workload.ports.length === 0 ? [nothing] : workload.ports.flatMap(port => chainsOf(workload, port)),
  };
  // Who may open connections of bytes is said nowhere else.
  const bytes = workload.ports.filter(({ protocol }) => protocol !== 'http');
  return { typeUrl: listenerType, name, value, origins: [...new Set(bytes.flatMap(originsOf))] };
}

/**
 * Whoever says nothing for so long counts as plain text. A client of a server-first protocol never speaks first, so in plain
 * text that is what its connections wait; where none gets in they are closed then. It is the same in every mode, since a
 * listener that changes in more than its chains drains all of them.
 */
const patience = { listenerFiltersTimeout: '1s', continueOnListenerFiltersTimeout: true } as const;

const inspectors: readonly ListenerFilterJson[] = [
  {
    name: 'envoy.filters.listener.original_dst',
    typedConfig: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
  },
  {
    name: 'envoy.filters.listener.tls_inspector',
    typedConfig: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  },
];

/** Tells requests in plain text from bytes, on the ports whose protocol is found out (H2) and on no other. */
function detecting(ports: readonly InboundPort[]): ListenerFilterJson[] {
  const rules = ports
    .filter(({ protocol }) => protocol === 'detect')
    .map(({ number }) => ({ destinationPortRange: { start: number, end: number + 1 } }));
  const [first, ...others] = rules;
  if (first === undefined) return [];
  return [{ ...httpInspector, filterDisabled: { notMatch: others.length === 0 ? first : { orMatch: { rules } } } }];
}

/** A listener needs a chain; this one matches no connection. */
const nothing: FilterChainJson = {
  name: 'none',
  filterChainMatch: { applicationProtocols: ['none'], transportProtocol: 'none' },
};
