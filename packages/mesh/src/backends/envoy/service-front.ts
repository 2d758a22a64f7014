import type { AddressJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type {
  FilterChainJson,
  FilterJson,
  ListenerFilterJson,
} from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { OutboundRoute, Service, ServicePort } from '../../model/service.ts';
import { tcpProxy } from './base.ts';
import { httpManager } from './http.ts';
import { names } from './names.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { listenerType, type ResourceGroup, routeType, type XdsResource } from './resource.ts';
import { typed } from './typed.ts';

/** A Service as its clients see it: one listener for each address and port, and the routes behind it. */
export function frontOf(service: Service): ResourceGroup {
  return { resources: service.ports.flatMap(port => (port.protocol === 'udp' ? [] : frontOfPort(service, port))) };
}

function frontOfPort(service: Service, port: ServicePort): XdsResource[] {
  const name = names.service(service.key, port.number);
  const origins = [
    ...new Set([
      service.origin,
      ...port.outbound.routes.flatMap(({ origin, match }) => (match === undefined ? [origin] : [origin, match.origin])),
    ]),
  ];
  const listeners = service.addresses.map((address, index): XdsResource => {
    const listenerName = index === 0 ? name : `${name}/${address}`;
    const value = listener(listenerName, { socketAddress: { address, portValue: port.number } }, chains(service, port));
    return { typeUrl: listenerType, name: listenerName, value, origins };
  });
  if (!service.inMesh || port.protocol === 'tcp') return listeners;
  return [...listeners, { typeUrl: routeType, name, value: outboundRoutes(name, port), origins }];
}

/** The same Service at the front door: on a Unix socket that the host relays to. HTTP only. */
export function frontDoorOf(service: Service, directory: string): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp' || port.protocol === 'tcp' || !service.inMesh) return [];
      const name = names.frontDoor(service.key, port.number);
      const path = frontDoorSocket(directory, service, port.number);
      const value: ListenerJson = {
        name,
        address: { pipe: { path } },
        trafficDirection: 'OUTBOUND',
        filterChains: [httpChain(service, port)],
      };
      return [{ typeUrl: listenerType, name, value, origins: [service.origin] }];
    }),
  };
}

/** Where the front door listens for one port of a Service. */
export function frontDoorSocket(directory: string, service: Pick<Service, 'namespace' | 'name'>, port: number): string {
  return `${directory}/${service.namespace}.${service.name}.${port}.sock`;
}

interface Chains {
  readonly filterChains: FilterChainJson[];
  readonly defaultFilterChain?: FilterChainJson;
  readonly listenerFilters?: ListenerFilterJson[];
}

function listener(name: string, address: AddressJson, parts: Chains): ListenerJson {
  return { name, address, bindToPort: false, trafficDirection: 'OUTBOUND', ...parts };
}

function chains(service: Service, port: ServicePort): Chains {
  if (!service.inMesh) return { filterChains: [{ filters: [tcpProxy(names.plainCluster(service.key, port.number))] }] };
  if (port.protocol === 'http') return { filterChains: [httpChain(service, port)] };
  const bytes: FilterChainJson = { name: 'tcp', filters: [splitTcp(port)] };
  if (port.protocol === 'tcp') return { filterChains: [bytes] };
  const detected = {
    ...httpChain(service, port),
    filterChainMatch: { applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] },
  };
  return { filterChains: [detected], defaultFilterChain: bytes, listenerFilters: [httpInspector] };
}

const httpInspector: ListenerFilterJson = {
  name: 'envoy.filters.listener.http_inspector',
  typedConfig: typed('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
};

function httpChain(service: Service, port: ServicePort): FilterChainJson {
  return { name: 'http', filters: [httpManager(names.service(service.key, port.number), { statPrefix: 'outbound' })] };
}

/** Connections are shared like requests, but by the last route only: none but HTTP can be matched (S12). */
function splitTcp(port: ServicePort): FilterJson {
  const route = port.outbound.routes.find(({ match }) => match === undefined);
  const weighted = weightedTcp(route);
  if (weighted.length === 0) return closeAtOnce;
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      statPrefix: 'tcp',
      weightedClusters: { clusters: weighted },
    }),
  };
}

function weightedTcp(route: OutboundRoute | undefined): { name: string; weight: number }[] {
  return (route?.backends ?? [])
    .filter(({ weight }) => weight > 0)
    .map(({ service, port, weight }) => ({ name: names.tcpCluster(service, port), weight }));
}

const closeAtOnce: FilterJson = {
  name: 'envoy.filters.network.direct_response',
  typedConfig: typed('envoy.extensions.filters.network.direct_response.v3.Config', {}),
};
