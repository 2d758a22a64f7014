import type { NamespaceModel } from '../../model/mesh-model.ts';
import { inOrder, type Manifest, manifestOf, type RenderManifests } from '../manifest.ts';
import { namePart, selectWorkloads } from '../selectors.ts';
import { Shortfalls } from '../shortfalls.ts';
import { sayConsumerProfiles } from '../treated-routes.ts';
import { authorizationPolicies } from './authorization-policies.ts';
import { virtualServices } from './virtual-services.ts';

/**
 * The model for Istio with sidecars. In: the model. Out: VirtualServices for TrafficSplits, AuthorizationPolicies for
 * TrafficTargets, and a PeerAuthentication for each namespace with pods in the mesh. Istio's own mutual TLS needs no
 * DestinationRule. It must not know files or clusters.
 */
export const renderIstio: RenderManifests = model => {
  const shortfalls = new Shortfalls();
  const scope = { model, shortfalls };
  sayConsumerProfiles({ ...scope, target: 'Istio' });
  const manifests = [...model.namespaces.values()].flatMap(namespace => [
    ...[...namespace.services.values()].flatMap(service => virtualServices(service, scope)),
    ...authorizationPolicies(namespace, shortfalls),
    ...peerAuthentications(namespace),
  ]);
  return { output: inOrder(manifests), findings: shortfalls.list() };
};

/**
 * Whether plain text is taken (I2; https://istio.io/latest/docs/reference/config/security/peer_authentication/): one for
 * the namespace, and one for each group of workloads that takes it where others do not.
 */
function peerAuthentications(namespace: NamespaceModel): Manifest[] {
  const workloads = [...namespace.workloads.values()];
  if (workloads.length === 0) return [];
  const head = { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', namespace: namespace.name };
  const permissive = workloads.filter(({ modes }) => modes.mtls === 'permissive');
  const mode = permissive.length === workloads.length ? 'PERMISSIVE' : 'STRICT';
  const whole = manifestOf({ ...head, name: 'default' }, { mtls: { mode } });
  if (mode === 'PERMISSIVE') return [whole];
  return [
    whole,
    ...selectWorkloads(namespace, permissive).selections.map(({ labels, workloads: [first] }) => {
      const spec = { selector: { matchLabels: labels }, mtls: { mode: 'PERMISSIVE' } };
      return manifestOf({ ...head, name: first === undefined ? 'permissive' : namePart(first) }, spec);
    }),
  ];
}
