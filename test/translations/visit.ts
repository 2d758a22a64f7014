import type { Call } from '@heddle/mesh';
import { requestFacts } from '../../packages/mesh/src/explain/request-facts.ts';
import type { MadeMesh } from '../worlds/mesh-of.ts';
import type { Request, Visit } from './objects.ts';

/**
 * What arrives of a call; `undefined` where its own sidecar refuses it, where two headers have one name, and where one pod
 * calls: those are questions to Heddle's sidecars, or to labels.
 */
export function visitOf({ from, headers, protocol, ...call }: Call, mesh: MadeMesh): Visit | undefined {
  const workloads = [...(mesh.model.namespaces.get(from.namespace)?.workloads.values() ?? [])];
  const caller = workloads.find(({ serviceAccount }) => serviceAccount === from.serviceAccount);
  const names = headers.map(([name]) => name.toLowerCase());
  if (caller === undefined || from.pod !== undefined || new Set(names).size < names.length) return undefined;
  const addresses = caller.pods.flatMap(({ address = [] }) => address);
  const { trustDomain } = mesh.model.settings;
  const visit = {
    trustDomain,
    namespace: from.namespace,
    serviceAccount: from.serviceAccount,
    labels: caller.labels,
    addresses,
  };
  if (protocol === 'tcp') return { ...visit, request: undefined };
  const facts = requestFacts({ from, headers, protocol, ...call });
  return 'unfit' in facts || facts.path === undefined ? undefined : { ...visit, request: facts as Request };
}
