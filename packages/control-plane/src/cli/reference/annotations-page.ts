import { meshConfigFields } from '@heddle/smi';
import { type Annotation, annotations } from '../../inject/annotations.ts';
import { code, page, table } from './page.ts';

/** The page about annotations, made from the tables that read them. */
export function annotationsPage(): string {
  const injection: readonly Annotation[] = Object.values(annotations);
  const modes = meshConfigFields.flatMap(({ annotation, path, schema }) =>
    annotation === undefined || injection.some(({ name }) => name === annotation)
      ? []
      : [[code(annotation), 'Namespace, pod', schema.description, code(`spec.${path.join('.')}`)]],
  );
  return page('Annotations', [
    'What Namespaces and pods say to the mesh. On a workload they stand in the template of its pods. A Namespace is put into the ' +
      'mesh by its label `heddle.dev/mesh`, with the name of the mesh; `openservicemesh.io/monitored-by` counts too, and as in Open ' +
      'Service Mesh its pods then get a sidecar only where an annotation asks for one.',
    '## How a pod is injected',
    'They count when a pod is made. One that can not be read refuses the pod, with a sentence. Of two names Heddle’s own counts.',
    table(
      ['annotation', 'on', 'value', 'meaning', 'in Open Service Mesh'],
      injection.map(({ name, on, form, meaning, formerly }) => [
        code(name),
        on.map(place => (place === 'pod' ? 'pod' : 'Namespace')).join(', '),
        form.said,
        meaning,
        formerly === undefined ? '' : code(formerly),
      ]),
    ),
    '## How a pod is treated',
    'They override a field of [MeshConfig](mesh-config.md), and count as soon as they are written.',
    table(['annotation', 'on', 'meaning', 'overrides'], modes),
  ]);
}
