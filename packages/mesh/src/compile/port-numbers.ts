import { formatPath } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { LocalWorkload } from './namespace.ts';
import type { CompiledPorts } from './services.ts';
import type { TargetUnit } from './targets.ts';

/**
 * Finds numbers of ports that are a Service's only, in targets and in the TCPRoutes that they name: what counts is the
 * port of the pod behind it (T8, T10).
 */
export function saySwappedPorts(
  targets: readonly TargetUnit[],
  compiled: CompiledPorts,
  workloads: ReadonlyMap<string, LocalWorkload>,
): Finding[] {
  const findings = new Map<string, Finding>();
  const numbered = targets.filter(({ numbers }) => numbers.length > 0);
  if (numbered.length === 0) return [];
  const byAccount = Map.groupBy(workloads.values(), ({ serviceAccount }) => serviceAccount);
  for (const { resolved, numbers } of numbered) {
    const account = resolved.destination?.serviceAccount;
    const protectedOnes = (account !== undefined && byAccount.get(account)) || [];
    for (const { number, source, path } of numbers) {
      if (protectedOnes.some(({ ports }) => ports.some(port => port.number === number))) continue;
      const meant = portsBehind(number, new Set(protectedOnes.map(({ key }) => key)), compiled);
      if (meant === undefined) continue;
      const message = `${number} is the port of Service ${meant.service}; what counts is that of its pods. Write ${meant.ports.join(', ')}.`;
      const { metadata } = source.object;
      findings.set(
        `${source.object.kind} ${metadata.name} ${formatPath(path)} ${message}`,
        findingAt('ServicePortNotPodPort', source, path, message),
      );
    }
  }
  return [...findings.values()];
}

/** The ports of these workloads that a Service's port of a number leads to. */
function portsBehind(
  number: number,
  workloads: ReadonlySet<string>,
  { services }: CompiledPorts,
): { readonly service: string; readonly ports: readonly number[] } | undefined {
  for (const { name, ports } of services.values()) {
    const endpoints = ports.filter(port => port.number === number).flatMap(port => port.endpoints);
    const behind = endpoints.filter(({ workload }) => workload !== undefined && workloads.has(workload));
    const found = new Set(behind.map(({ port }) => port));
    if (found.size > 0) return { service: name, ports: [...found].toSorted((a, b) => a - b) };
  }
  return undefined;
}
