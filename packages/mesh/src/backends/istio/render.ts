import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import { inOrder, type Manifest, manifestOf, type RenderManifests } from '../manifest.ts';
import { Shortfalls } from '../shortfalls.ts';
import { authorizationPolicies } from './authorization-policies.ts';
import { virtualServices } from './virtual-services.ts';

/**
 * The model for Istio with sidecars. In: the model. Out: VirtualServices for TrafficSplits, AuthorizationPolicies for
 * TrafficTargets, and a PeerAuthentication for each namespace with pods in the mesh. Istio's own mutual TLS needs no
 * DestinationRule. It must not know files or clusters.
 */
export const renderIstio: RenderManifests = model => {
  const shortfalls = new Shortfalls();
  const scope = { clusterDomain: model.settings.clusterDomain, shortfalls };
  const manifests = [...model.namespaces.values()].flatMap(namespace => [
    ...[...namespace.services.values()].flatMap(service => virtualServices(service, scope)),
    ...authorizationPolicies(namespace, model, shortfalls),
    ...peerAuthentication(namespace, model),
  ]);
  return { output: inOrder(manifests), findings: shortfalls.list() };
};

/** Whether plain text is taken (I2; https://istio.io/latest/docs/reference/config/security/peer_authentication/). */
function peerAuthentication({ name, workloads }: NamespaceModel, { settings }: MeshModel): Manifest[] {
  if (workloads.size === 0) return [];
  const head = { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', namespace: name, name: 'default' };
  return [manifestOf(head, { mtls: { mode: settings.mtls === 'strict' ? 'STRICT' : 'PERMISSIVE' } })];
}
