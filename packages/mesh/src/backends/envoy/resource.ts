import type { Origin } from '../../model/origin.ts';

/** One xDS resource as proto3 JSON. */
export interface XdsResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly value: object;
  /** What in the user's input it came from: a rejected resource is reported there. */
  readonly origins: readonly Origin[];
}

/** Resources that go together; shared by every sidecar that gets them, and the same object while they are the same. */
export interface ResourceGroup {
  readonly resources: readonly XdsResource[];
}

/** Type URL of a listener (LDS). */
export const listenerType = 'type.googleapis.com/envoy.config.listener.v3.Listener';
/** Type URL of a route configuration (RDS). */
export const routeType = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
/** Type URL of a cluster (CDS). */
export const clusterType = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
/** Type URL of the endpoints of a cluster (EDS). */
export const endpointType = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
/** Type URL of a layer of runtime values (RTDS). */
export const runtimeType = 'type.googleapis.com/envoy.service.runtime.v3.Runtime';
/** Type URL of a secret (SDS). */
export const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
/** Type URL of the configuration of a filter that comes by name (ECDS). */
export const extensionType = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';
