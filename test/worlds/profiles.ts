import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { methodLists, pathPatterns } from './patterns.ts';
import { namespacesOf, servicesOf, type World } from './world.ts';

/** Names of the IdentityBindings that a namespace may have. */
export const bindingNames = ['labelled', 'named'] as const;

/** Random IdentityBindings of a namespace, by every scheme, selectors that pick nobody or everybody included (T11). */
export function bindingsOf(world: World, namespace: string): fc.Arbitrary<KubeObject[]> {
  const services = servicesOf(world).filter(service => service.namespace === namespace);
  const labels = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...services).map(({ name }) => ({ [`behind-${name}`]: 'yes' })) },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constant({ nobody: 'yes' }) },
  );
  const ids = fc
    .constantFrom(...world.workloads)
    .map(workload => [`cluster.local/ns/${workload.namespace}/sa/${workload.name}`]);
  const schemes = fc.oneof(
    { weight: 5, arbitrary: labels.map(matchLabels => ({ podLabelSelector: { matchLabels } })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(labels, ids)
        .map(([matchLabels, spiffeIdentities]) => ({ podLabelSelector: { matchLabels }, spiffeIdentities })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...services).map(({ name }) => ({ serviceAccount: name })) },
  );
  return fc.subarray([...bindingNames]).chain(names =>
    fc.tuple(
      ...names.map(name =>
        schemes.map(
          (chosen): KubeObject => ({
            apiVersion: 'access.smi-spec.io/v1alpha4',
            kind: 'IdentityBinding',
            metadata: { name, namespace },
            spec: { schemes: chosen },
          }),
        ),
      ),
    ),
  );
}

/** Random ServiceProfiles, each in any namespace (V6). Their times are longer than any call takes. */
export function profilesOver(world: World): fc.Arbitrary<KubeObject[]> {
  const services = [
    ...servicesOf(world),
    ...namespacesOf(world).map(namespace => ({ namespace, name: world.logicalRoot })),
  ];
  const route = fc.record(
    {
      pathRegex: fc.constantFrom(...pathPatterns).map(({ pattern }) => pattern),
      methods: fc.constantFrom(...methodLists),
      timeout: fc.constantFrom('10m', '1h30m'),
      retries: fc.constantFrom(
        { attempts: 0 },
        { attempts: 2 },
        { attempts: 1, perTryTimeout: '10m' },
        { attempts: 1, retryOn: ['reset', 'unavailable'] },
      ),
    },
    { requiredKeys: [] },
  );
  const profile = fc.tuple(
    fc.constantFrom(...services),
    fc.constantFrom(...namespacesOf(world)),
    fc.array(route, { minLength: 1, maxLength: 3 }),
  );
  return fc
    .uniqueArray(profile, { maxLength: 4, selector: ([{ namespace, name }, own]) => `${own}/${namespace}/${name}` })
    .map(profiles =>
      profiles.map(
        ([service, namespace, routes]): KubeObject => ({
          apiVersion: 'specs.smi-spec.io/v1alpha4',
          kind: 'ServiceProfile',
          metadata: { name: `${service.name}.${service.namespace}.svc.cluster.local`, namespace },
          spec: { routes: routes.map((fields, index) => ({ name: `route-${index}`, ...fields })) },
        }),
      ),
    );
}
