import type { AddressJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type {
  FilterChainJson,
  FilterJson,
  ListenerFilterJson,
} from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { DirectPort } from '../../model/headless.ts';
import type { RouteProfile } from '../../model/route-profile.ts';
import type { Endpoint, OutboundRoute, Service, ServicePort, WeightedBackend } from '../../model/service.ts';
import { shortHash } from '../../model/short-hash.ts';
import { sentBytes, sentRequests } from './access-log.ts';
import { announceCaller } from './announce.ts';
import { tcpProxy } from './base.ts';
import { httpManager } from './http.ts';
import { names } from './names.ts';
import { type ClusterOf, outboundRoutes } from './outbound-routes.ts';
import { listenerType, type ResourceGroup, routeType, type XdsResource } from './resource.ts';
import { typed } from './typed.ts';

/** A Service as its clients see it: one listener for each address and port, and the routes behind it. */
export function frontOf(service: Service, profile: RouteProfile | undefined): ResourceGroup {
  return {
    resources: callable(service).flatMap(port => {
      const places = service.addresses.map((address, index) => ({
        name:
          index === 0 ? names.service(service.key, port.number) : names.listenerAt(service.key, port.number, address),
        address: { address, port: port.number },
      }));
      return frontOfPort(service, port, { places, profile });
    }),
  };
}

/** The same for a headless one: a listener for each pod and port that it answers for. */
export function headlessFrontOf(
  service: Service,
  direct: readonly DirectPort[],
  profile: RouteProfile | undefined,
): ResourceGroup {
  return {
    resources: callable(service).flatMap(port => {
      const own = direct.filter(answers => answers.port === port);
      const places = own.map(({ endpoint }) => ({
        name: names.listenerAt(service.key, port.number, endpoint.address),
        address: endpoint,
      }));
      return places.length === 0 ? [] : frontOfPort(service, port, { places, profile });
    }),
  };
}

function callable({ ports }: Service): ServicePort[] {
  return ports.filter(({ protocol }) => protocol !== 'udp');
}

/** Where a Service is called. */
interface Place {
  /** Of the listener. */
  readonly name: string;
  readonly address: Pick<Endpoint, 'address' | 'port'>;
}

interface Front {
  readonly places: readonly Place[];
  readonly profile: RouteProfile | undefined;
}

function frontOfPort(service: Service, port: ServicePort, { places, profile }: Front): XdsResource[] {
  const name = names.service(service.key, port.number);
  const origins = [
    ...new Set([
      service.origin,
      ...port.outbound.routes.flatMap(({ origin, match }) => (match === undefined ? [origin] : [origin, match.origin])),
    ]),
  ];
  const listeners = places.map((place): XdsResource => {
    const address = { socketAddress: { address: place.address.address, portValue: place.address.port } };
    const value = listener(place.name, address, chains(service, port));
    return { typeUrl: listenerType, name: place.name, value, origins };
  });
  if (!service.inMesh || port.protocol === 'tcp') return listeners;
  const routes = outboundRoutes(name, port, { clusterOf: clusterOf(service), profile });
  return [
    ...listeners,
    {
      typeUrl: routeType,
      name,
      value: routes,
      origins: profile === undefined ? origins : [...origins, profile.origin],
    },
  ];
}

/** The own share of a headless Service stays with the pod that its client has chosen (H1). */
function clusterOf({ headless, key }: Service): ClusterOf {
  return ({ service, port }) =>
    headless && service === key ? names.directCluster(service, port) : names.service(service, port);
}

/** The same Service at the front door: on a Unix socket that the host relays to. HTTP only. */
export function frontDoorOf(service: Service, directory: string, profile: RouteProfile | undefined): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp' || port.protocol === 'tcp' || !service.inMesh) return [];
      const name = names.frontDoor(service.key, port.number);
      const { headless, origin } = service;
      const path = `${directory}/${frontDoorSocket(service, port.number)}`;
      const value: ListenerJson = {
        name,
        address: { pipe: { path } },
        trafficDirection: 'OUTBOUND',
        filterChains: [httpChain(headless ? name : names.service(service.key, port.number), called(service, port))],
      };
      const front: XdsResource = { typeUrl: listenerType, name, value, origins: [origin] };
      if (!headless) return [front];
      // Nobody has chosen a pod here: any of them serves.
      const routes = outboundRoutes(name, port, { clusterOf: toAnyPod, profile });
      return [front, { typeUrl: routeType, name, value: routes, origins: [origin] }];
    }),
  };
}

function toAnyPod({ service, port }: WeightedBackend): string {
  return names.service(service, port);
}

/** Where the front door listens for one port of a Service: a file in its directory. */
export function frontDoorSocket({ namespace, name }: Pick<Service, 'namespace' | 'name'>, port: number): string {
  const service = `${namespace}.${name}`;
  const short = service.length <= longestSocket ? service : `${service.slice(0, 40)}~${shortHash(service)}`;
  return `${short}.${port}.sock`;
}

/** Characters of a Service's name that fit, with a directory and a port, into the 107 of a Unix socket's path. */
const longestSocket = 60;

interface Chains {
  readonly filterChains: FilterChainJson[];
  readonly defaultFilterChain?: FilterChainJson;
  readonly listenerFilters?: ListenerFilterJson[];
}

function listener(name: string, address: AddressJson, parts: Chains): ListenerJson {
  return { name, address, bindToPort: false, trafficDirection: 'OUTBOUND', ...parts };
}

function chains(service: Service, port: ServicePort): Chains {
  if (!service.inMesh)
    return {
      filterChains: [
        { filters: [tcpProxy(names.plainCluster(service.key, port.number), [sentBytes(called(service, port))])] },
      ],
    };
  const http = httpChain(names.service(service.key, port.number), called(service, port));
  if (port.protocol === 'http') return { filterChains: [http] };
  const bytes: FilterChainJson = { name: 'tcp', filters: [announceCaller, splitTcp(service, port)] };
  if (port.protocol === 'tcp') return { filterChains: [bytes] };
  const detected = {
    ...http,
    filterChainMatch: { applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] },
  };
  return { filterChains: [detected], defaultFilterChain: bytes, listenerFilters: [httpInspector] };
}

/** Tells requests from bytes by what comes first. */
export const httpInspector: ListenerFilterJson = {
  name: 'envoy.filters.listener.http_inspector',
  typedConfig: typed('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
};

/** How lines about calls name what was called. */
function called({ key }: Service, { number }: ServicePort): string {
  return `${key}:${number}`;
}

function httpChain(routes: string, service: string): FilterChainJson {
  const manager = { accessLog: [sentRequests(service)] };
  return { name: 'http', filters: [announceCaller, httpManager(routes, { statPrefix: 'outbound', manager })] };
}

/** Connections are shared like requests, but by the last route only: none but HTTP can be matched (S12). */
function splitTcp(of: Service, port: ServicePort): FilterJson {
  const route = port.outbound.routes.find(({ match }) => match === undefined);
  const weighted = weightedTcp(of, route);
  if (weighted.length === 0) return closeAtOnce;
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      statPrefix: 'tcp',
      accessLog: [sentBytes(called(of, port))],
      weightedClusters: { clusters: weighted },
    }),
  };
}

function weightedTcp(of: Service, route: OutboundRoute | undefined): { name: string; weight: number }[] {
  return (route?.backends ?? [])
    .filter(({ weight }) => weight > 0)
    .map(({ service, port, weight }) => {
      const name = of.headless && service === of.key ? names.directTcpCluster : names.tcpCluster;
      return { name: name(service, port), weight };
    });
}

const closeAtOnce: FilterJson = {
  name: 'envoy.filters.network.direct_response',
  typedConfig: typed('envoy.extensions.filters.network.direct_response.v3.Config', {}),
};
