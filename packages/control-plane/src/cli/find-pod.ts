import { nodeSocket } from '../local/node.ts';
import { NodeClient } from '../local/node-client.ts';
import type { PodStatus } from '../local/pod.ts';
import { UsageError } from './cli-command.ts';

/**
 * The pods of a run that a name means: `namespace/pod`, `namespace/workload`, or either without its namespace where that is
 * clear. Throws `UsageError` naming what there is.
 */
export async function findPods(runDirectory: string, name: string): Promise<PodStatus[]> {
  const pods = await new NodeClient(nodeSocket(runDirectory)).pods();
  const found = pods.filter(pod => matches(pod, name));
  if (found.length === 0) {
    const known = pods.map(pod => `${pod.namespace}/${pod.name}`).join(', ');
    throw new UsageError(`There is no workload or pod ${name}; there are: ${known}.`);
  }
  const namespaces = new Set(found.map(pod => pod.namespace));
  if (namespaces.size > 1)
    throw new UsageError(
      `${name} is in several namespaces; write ${[...namespaces].map(ns => `${ns}/${name}`).join(' or ')}.`,
    );
  return found;
}

function matches(pod: PodStatus, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  if (slash >= 0 && pod.namespace !== wanted.slice(0, slash)) return false;
  const name = wanted.slice(slash + 1);
  return pod.name === name || pod.name.replace(/-[0-9]+$/, '') === name;
}
