import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@heddle/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { Endpoint, Service, ServicePort } from '../../model/service.ts';
import { sameProtocol } from './http.ts';
import { alpn, names } from './names.ts';
import { protect, type Resilience } from './resilience.ts';
import { clusterType, endpointType, type ResourceGroup, type XdsResource } from './resource.ts';
import { upstreamTls } from './tls.ts';
import { overAds } from './typed.ts';

/** A Service as a backend: for each port how to reach it as HTTP and as bytes, and where its pods are. */
export function backOf(service: Service, settings: Resilience): ResourceGroup {
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
        ...(port.protocol === 'tcp'
          ? []
          : [resource(clusterType, name, speakHttp(cluster(name, name, settings), port))]),
        ...(port.protocol === 'http'
          ? []
          : [resource(clusterType, tcp, speakBytes(cluster(tcp, name, settings), port))]),
        resource(endpointType, name, loadAssignment(name, meshEndpoints(port))),
      ];
    }),
  };
}

/**
 * A Service outside the mesh as its clients call it (H6): bytes as they come, to its ready endpoints. Where a Service's address
 * leads is known here, so that nothing else (kube-proxy in a cluster, nothing on the local mesh) needs to take it there.
 */
export function plainBackOf(service: Service, settings: Resilience): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp') return [];
      const name = names.plainCluster(service.key, port.number);
      const ready = port.endpoints.filter(endpoint => endpoint.ready);
      return [
        { typeUrl: clusterType, name, value: cluster(name, name, settings), origins: [service.origin] },
        { typeUrl: endpointType, name, value: loadAssignment(name, ready), origins: [service.origin] },
      ];
    }),
  };
}

/** A headless Service as the backend of its own clients: the pod that the client has connected to, over mutual TLS (H1). */
export function directBackOf(service: Service, settings: Resilience): ResourceGroup {
  return {
    resources: service.ports.flatMap((port): XdsResource[] => {
      if (port.protocol === 'udp') return [];
      const [http, tcp] = [
        names.directCluster(service.key, port.number),
        names.directTcpCluster(service.key, port.number),
      ];
      const resource = (name: string, value: object) => ({
        typeUrl: clusterType,
        name,
        value,
        origins: [service.origin],
      });
      return [
        ...(port.protocol === 'tcp' ? [] : [resource(http, speakHttp(chosenPod(http, settings), port))]),
        ...(port.protocol === 'http' ? [] : [resource(tcp, speakBytes(chosenPod(tcp, settings), port))]),
      ];
    }),
  };
}

function chosenPod(name: string, settings: Resilience): ClusterJson {
  return protect({ name, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', connectTimeout: '2s' }, settings);
}

function speakHttp(cluster: ClusterJson, port: ServicePort): ClusterJson {
  return {
    ...cluster,
    typedExtensionProtocolOptions: sameProtocol,
    transportSocket: upstreamTls(alpn.http, port.identities),
  };
}

function speakBytes(cluster: ClusterJson, port: ServicePort): ClusterJson {
  return { ...cluster, transportSocket: upstreamTls(alpn.tcp, port.identities) };
}

function cluster(name: string, endpoints: string, settings: Resilience): ClusterJson {
  const found: ClusterJson = {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: overAds, serviceName: endpoints },
    connectTimeout: '2s',
    // A few pods that fail must not open the way to those that are known to be down.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
  };
  return protect(found, settings);
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
