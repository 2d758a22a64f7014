import type { Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { registry } from '@heddle/envoy-api/registry';

/**
 * The descriptor of one of Envoy's messages, by its full name. The registry has it without loading generated modules.
 * @throws Error for a name that Envoy's API does not have
 */
export function messageType<T extends Message>(name: string): GenMessage<T> {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(`no descriptor of ${name}`);
  return found as GenMessage<T>;
}
