import { inOrder, type RenderManifests } from '../manifest.ts';
import { serviceRoutes } from '../routes/service-routes.ts';
import { Shortfalls } from '../shortfalls.ts';
import { sayConsumerProfiles } from '../treated-routes.ts';
import { networkPolicies } from './network-policies.ts';

/**
 * The model for any mesh that implements the Gateway API for Services (GAMMA, https://gateway-api.sigs.k8s.io/mesh/). In:
 * the model. Out: routes whose parents are Services, for TrafficSplits, and, since the API has no authorization,
 * NetworkPolicies for what of TrafficTargets they can say. It must not know files or clusters.
 */
export const renderGatewayApi: RenderManifests = model => {
  const shortfalls = new Shortfalls();
  const dialect = {
    model,
    target: 'The Gateway API',
    leftOut: 'the entry is left out, and what it fits goes to the next that does',
    shortfalls,
  };
  sayConsumerProfiles(dialect);
  const manifests = [...model.namespaces.values()].flatMap(namespace => [
    ...[...namespace.services.values()].flatMap(service => serviceRoutes(service, dialect)),
    ...networkPolicies(namespace, model, shortfalls),
  ]);
  return { output: inOrder(manifests), findings: shortfalls.list() };
};
