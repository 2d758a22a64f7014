import type { Manifest } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import { stringify } from 'yaml';

/** Every file that is written begins so, by which it is known again when what it came from is gone. */
export const fileMark = '# Made by heddle translate';

/** An object as a YAML document, below a comment that says where it came from. */
export function manifestYaml({ object, origins }: Manifest): string {
  // As kubectl reads YAML, `on` and `1e3` are no text unless they are quoted.
  const yaml = stringify(object, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
  return `# ${origins.length === 0 ? byDefault : `From ${origins.map(nameOf).join(', ')}.`}\n${yaml}`;
}

const byDefault = 'Holds by default, where no TrafficTarget says otherwise.';

/** All of them as one stream of documents. */
export function manifestStream(manifests: readonly Manifest[]): string {
  return manifests.map(manifestYaml).join('---\n');
}

/** A file for each object, by its path below the folder, so that a change shows as a diff of what it touches. */
export function manifestFiles(manifests: readonly Manifest[], target: string): ReadonlyMap<string, string> {
  return new Map(
    manifests.map(manifest => {
      const { kind, metadata } = manifest.object;
      const file = `${metadata.namespace ?? 'cluster'}/${kind.toLowerCase()}-${metadata.name}.yaml`;
      return [file, `${fileMark} --to ${target}; edit what it comes from.\n${manifestYaml(manifest)}`];
    }),
  );
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
