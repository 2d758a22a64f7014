import { readStatus } from '../../api/client.ts';
import { NodeClient } from '../../local/controller/node-client.ts';
import { controllerSocket } from '../../local/host/run-layout.ts';
import { nodeSocket } from '../../local/node/node.ts';
import { type PodStatus, podKey } from '../../local/pod.ts';
import { UsageError } from '../cli-command.ts';
import { suggest } from '../suggest.ts';

/**
 * The pods of a run that a name means: `namespace/pod`, `namespace/workload`, or either without its namespace where that is
 * clear. Throws `UsageError` naming what there is.
 */
export async function findPods(runDirectory: string, name: string): Promise<readonly [PodStatus, ...PodStatus[]]> {
  const pods = await new NodeClient(nodeSocket(runDirectory)).pods();
  const workloads = await workloadNames(runDirectory);
  const [first, ...others] = pods.filter(pod => matches(pod, workloads.get(podKey(pod)), name));
  if (first === undefined) {
    const known = [...new Set(pods.map(pod => `${pod.namespace}/${workloads.get(podKey(pod)) ?? pod.name}`))];
    const near = suggest(name, name.includes('/') ? known : known.map(key => key.slice(key.indexOf('/') + 1)));
    throw new UsageError(`There is no workload or pod ${name}.${near} There are ${known.join(', ')}.`);
  }
  const namespaces = new Set([first, ...others].map(pod => pod.namespace));
  if (namespaces.size > 1) {
    const names = [...namespaces].map(namespace => `${namespace}/${name}`);
    throw new UsageError(`${name} is in several namespaces; write ${names.join(' or ')}.`);
  }
  return [first, ...others];
}

/** Names of workloads by key of their pods; without the controller only those that the pods' own names tell. */
async function workloadNames(runDirectory: string): Promise<ReadonlyMap<string, string>> {
  const status = await readStatus(controllerSocket(runDirectory)).catch(() => undefined); // it is being started again
  return new Map(
    (status?.sidecars ?? []).map(({ namespace, pod, workload }) => [
      podKey({ namespace, name: pod }),
      workload.slice(workload.indexOf('/') + 1),
    ]),
  );
}

function matches(pod: PodStatus, workload: string | undefined, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  if (slash >= 0 && pod.namespace !== wanted.slice(0, slash)) return false;
  const name = wanted.slice(slash + 1);
  return pod.name === name || (workload ?? pod.name.replace(/-[0-9]+$/, '')) === name;
}
