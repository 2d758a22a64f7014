import { type Call, type ServicePort, serviceOf } from '@heddle/mesh';
import { readDestination } from '../../traffic/destination.ts';
import { UsageError } from '../cli-command.ts';
import { suggest } from '../suggest.ts';
import type { LoadedMesh } from './load-mesh.ts';

/** A caller as a user named it. */
export interface FoundCaller {
  readonly from: Call['from'];
  /** What the user should know about it. */
  readonly note?: string;
}

/**
 * Reads `NAMESPACE/SERVICEACCOUNT` or `pod/NAMESPACE/NAME`. A service account that nobody has may call, with a note: it is
 * how one asks before one deploys. Throws `UsageError` for a pod that does not exist or has no sidecar, hence no identity.
 */
export function findCaller(text: string, mesh: LoadedMesh): FoundCaller {
  const parts = text.split('/');
  if (parts.length === 3 && parts[0] === 'pod') return { from: identityOfPod(parts[1] ?? '', parts[2] ?? '', mesh) };
  const [namespace = '', serviceAccount = '', ...rest] = parts;
  if (namespace === '' || serviceAccount === '' || rest.length > 0) {
    throw new UsageError(
      `--from is written as NAMESPACE/SERVICEACCOUNT or pod/NAMESPACE/NAME, not ${JSON.stringify(text)}.`,
    );
  }
  const from = { namespace, serviceAccount };
  const within = mesh.model.namespaces.get(namespace);
  if (within?.serviceAccounts.has(serviceAccount) || within?.outsiders.has(serviceAccount)) return { from };
  const known = [...mesh.model.namespaces.values()].flatMap(({ name, serviceAccounts }) =>
    [...serviceAccounts].map(account => `${name}/${account}`),
  );
  return {
    from,
    note: `Note: no workload has the service account ${text}; this is what one would see.${suggest(text, known)}`,
  };
}

function identityOfPod(namespace: string, name: string, { model, set }: LoadedMesh): Call['from'] {
  for (const workload of model.namespaces.get(namespace)?.workloads.values() ?? []) {
    if (workload.pods.some(pod => pod.name === name))
      return { namespace, serviceAccount: workload.serviceAccount, pod: name };
  }
  const pods = set.namespaces.get(namespace)?.pods;
  if (pods?.has(name))
    throw new UsageError(`Pod ${namespace}/${name} has no sidecar, so it has no identity in the mesh.`);
  throw new UsageError(`There is no pod ${name} in ${namespace}.${suggest(name, pods?.keys() ?? [])}`);
}

/** A name without a port that nobody serves is asked for on this one; the answer is that there is no such Service. */
const portOfNobody = 80;

/**
 * Reads `SERVICE[.NAMESPACE][:PORT]` or `POD.SERVICE.NAMESPACE.svc[:PORT]`. Without a port, a Service with one TCP port means that one. Throws `UsageError` for one
 * with several, naming them, and for what is no Service's name.
 */
export function findDestination(text: string, callersNamespace: string, { model }: LoadedMesh): Call['to'] {
  const destination = readDestination(text, callersNamespace, model.settings.clusterDomain);
  if ('problem' in destination)
    throw new UsageError(`${JSON.stringify(text)} is not a destination: ${destination.problem}.`);
  const { namespace, service, port, ...pod } = destination;
  if (port !== undefined) return { namespace, service, ...pod, port };
  const { ports = [], headless = false } = serviceOf(model, `${namespace}/${service}`) ?? {};
  const callable = ports.filter(({ protocol }) => protocol !== 'udp');
  const [only, ...others] = callable;
  if (others.length > 0) {
    const listed = callable.map(({ number, name }) => (name === '' ? `${number}` : `${number} (${name})`)).join(', ');
    throw new UsageError(
      `${service} in ${namespace} has several ports, so --to needs one: ${listed}. Write ${text}:${only?.number}, say.`,
    );
  }
  return { namespace, service, ...pod, port: numberToCall(only ?? ports[0], headless) };
}

/** Clients of a headless Service connect to its pods' own port. */
function numberToCall(port: ServicePort | undefined, headless: boolean): number {
  return (headless ? port?.endpoints[0]?.port : undefined) ?? port?.number ?? portOfNobody;
}
