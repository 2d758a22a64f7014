import type { KubeObject } from '../object.ts';
import type { IdentityBinding, IdentitySchemes, PodLabelSelector } from '../types/access-v1alpha4.ts';
import type { Reader } from './reader.ts';

/**
 * Reads an IdentityBinding. A scheme that can't be read is left out, and so are two that exclude each other: they bind
 * nobody, while the others do (T11). `undefined` when there are no schemes to read.
 */
export function parseIdentityBinding(root: Reader, object: KubeObject): IdentityBinding | undefined {
  const spec = root.field('spec');
  if (!spec.isObject()) return undefined;
  spec.knows(['schemes']);
  const reader = spec.field('schemes');
  if (!reader.isObject()) return undefined;
  reader.knows(['serviceAccount', 'spiffeIdentities', 'podLabelSelector']);
  const schemes = parseSchemes(reader);
  return {
    apiVersion: 'access.smi-spec.io/v1alpha4',
    kind: 'IdentityBinding',
    metadata: object.metadata,
    spec: { schemes },
  };
}

function parseSchemes(reader: Reader): IdentitySchemes {
  const [account, selected, spiffe] = ['serviceAccount', 'podLabelSelector', 'spiffeIdentities'].map(name =>
    reader.field(name),
  ) as [Reader, Reader, Reader];
  const serviceAccount = account.present ? account.requiredString() : undefined;
  const podLabelSelector = parseSelector(selected);
  const ids = spiffe.items().flatMap(id => id.requiredString() ?? []);
  const exclusive = account.present && selected.present;
  if (exclusive) {
    selected.report(
      'ExclusiveSchemes',
      'podLabelSelector and serviceAccount exclude each other, so both bind nobody; drop one of them.',
    );
  }
  if (!account.present && !selected.present && !spiffe.present) {
    reader.report('NoSchemes', 'Without a scheme a binding means nobody; name a ServiceAccount, SPIFFE IDs or labels.');
  }
  return {
    ...(serviceAccount !== undefined && !exclusive && { serviceAccount }),
    ...(ids.length > 0 && { spiffeIdentities: ids }),
    ...(podLabelSelector !== undefined && !exclusive && { podLabelSelector }),
  };
}

/** `undefined` where a part can't be read, is not known or is missing: fewer labels would mean more pods. */
function parseSelector(reader: Reader): PodLabelSelector | undefined {
  if (!reader.present || !reader.isObject()) return undefined;
  for (const name of Object.keys(reader.value as object)) {
    if (name === 'matchLabels') continue;
    return reader.field(name).report('InvalidField', `Pods are selected by matchLabels only; ${name} is not known.`);
  }
  const labels = reader.field('matchLabels');
  const matchLabels = labels.optionalStringMap();
  if (labels.present && matchLabels === undefined) return undefined;
  if (Object.keys(matchLabels ?? {}).length === 0) {
    reader.report(
      'EmptySelector',
      'Without labels it selects every pod of the namespace; name labels if that is not meant.',
    );
  }
  return matchLabels === undefined ? {} : { matchLabels };
}
