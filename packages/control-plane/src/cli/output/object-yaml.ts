import type { KubeObject } from '@heddle/smi';
import { Document, isMap, isSeq } from 'yaml';
import { plainObject, reasonsOf } from '../../install/written-object.ts';

/** An object as YAML for people: each rule of a role has its reason above it. Kubernetes reads YAML 1.1, in which `no` is a boolean. */
export function objectYaml(object: KubeObject): string {
  const document = new Document(plainObject(object), { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  const rules = document.get('rules');
  const reasons = reasonsOf(object);
  if (isSeq(rules)) {
    for (const [index, rule] of rules.items.entries()) {
      if (isMap(rule) && reasons[index]) rule.commentBefore = ` ${reasons[index]}`;
    }
  }
  return document.toString({ lineWidth: 0 });
}
