import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@heddle/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { Endpoint, Service, ServicePort } from '../../model/service.ts';
import { sameProtocol } from './http.ts';
import { alpn, names } from './names.ts';
import { clusterType, endpointType, type ResourceGroup, type XdsResource } from './resource.ts';
import { upstreamTls } from './tls.ts';
import { overAds } from './typed.ts';

/** A Service as a backend: for each port how to reach it as HTTP and as bytes, and where its pods are. */
export function backOf(service: Service): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp') return [];
      const name = names.service(service.key, port.number);
      const tcp = names.tcpCluster(service.key, port.number);
      const resource = (typeUrl: string, resourceName: string, value: object) => ({
        typeUrl,
        name: resourceName,
        value,
        origins: [service.origin],
      });
      return [
        ...(port.protocol === 'tcp' ? [] : [resource(clusterType, name, httpCluster(name, port))]),
        ...(port.protocol === 'http' ? [] : [resource(clusterType, tcp, tcpCluster(tcp, name, port))]),
        resource(endpointType, name, loadAssignment(name, meshEndpoints(port))),
      ];
    }),
  };
}

/**
 * A Service outside the mesh as its clients call it (H6): bytes as they come, to its ready endpoints. Where a Service's address
 * leads is known here, so that nothing else (kube-proxy in a cluster, nothing on the local mesh) needs to take it there.
 */
export function plainBackOf(service: Service): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp') return [];
      const name = names.plainCluster(service.key, port.number);
      const ready = port.endpoints.filter(endpoint => endpoint.ready);
      return [
        { typeUrl: clusterType, name, value: cluster(name, name), origins: [service.origin] },
        { typeUrl: endpointType, name, value: loadAssignment(name, ready), origins: [service.origin] },
      ];
    }),
  };
}

function httpCluster(name: string, port: ServicePort): ClusterJson {
  return {
    ...cluster(name, name),
    typedExtensionProtocolOptions: sameProtocol,
    transportSocket: upstreamTls(alpn.http, port.identities),
  };
}

function tcpCluster(name: string, endpoints: string, port: ServicePort): ClusterJson {
  return { ...cluster(name, endpoints), transportSocket: upstreamTls(alpn.tcp, port.identities) };
}

function cluster(name: string, endpoints: string): ClusterJson {
  return {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: overAds, serviceName: endpoints },
    connectTimeout: '2s',
    // A few pods that fail must not open the way to those that are known to be down.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
  };
}

/** Only pods of the mesh: a client believes no server without an identity (I1). */
function meshEndpoints(port: ServicePort): Endpoint[] {
  return port.endpoints.filter(endpoint => endpoint.ready && endpoint.workload !== undefined);
}

function loadAssignment(name: string, endpoints: readonly Endpoint[]): ClusterLoadAssignmentJson {
  const lbEndpoints = endpoints.map(({ address, port }) => ({
    endpoint: { address: { socketAddress: { address, portValue: port } } },
  }));
  return { clusterName: name, ...(lbEndpoints.length > 0 && { endpoints: [{ lbEndpoints }] }) };
}
