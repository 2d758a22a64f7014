import { modeValues } from '@heddle/mesh';
import { annotations, type KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { namespacesOf, type World } from './world.ts';

/** Random modes for the mesh and its namespaces; most of the time nobody says anything, and everything is enforced. */
export function modesOver(world: World): fc.Arbitrary<KubeObject[]> {
  const namespaces = namespacesOf(world).map(name =>
    modes.map((set): KubeObject[] => {
      const written = Object.entries(set).map(([mode, value]) => [annotations[mode as keyof typeof set], value]);
      if (written.length === 0) return [];
      return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations: Object.fromEntries(written) } }];
    }),
  );
  const mesh = modes.map((spec): KubeObject[] =>
    Object.keys(spec).length === 0
      ? []
      : [{ apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'mesh' }, spec }],
  );
  return fc.tuple(mesh, ...namespaces).map(lists => lists.flat());
}

const modes = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        mtls: fc.constantFrom(...modeValues.mtls),
        policy: fc.constantFrom(...modeValues.policy),
        egress: fc.constantFrom(...modeValues.egress),
      },
      { requiredKeys: [] },
    ),
  },
);
