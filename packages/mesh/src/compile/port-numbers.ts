import { formatPath } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { Protectors } from './destinations.ts';
import type { LocalWorkload } from './namespace.ts';
import type { CompiledPorts } from './services.ts';
import type { TargetUnit } from './targets.ts';

/**
 * Finds numbers of ports that are a Service's only, in targets and in the TCPRoutes that they name: what counts is the
 * port of the pod behind it (T8, T10).
 */
export function saySwappedPorts(
  protectors: Protectors,
  compiled: CompiledPorts,
  workloads: ReadonlyMap<string, LocalWorkload>,
): Finding[] {
  const findings = new Map<string, Finding>();
  const protectedBy = new Map<TargetUnit, LocalWorkload[]>();
  for (const [name, targets] of protectors) {
    const workload = workloads.get(name);
    for (const target of targets) {
      if (target.numbers.length === 0 || workload === undefined) continue;
      const list = protectedBy.get(target);
      if (list === undefined) protectedBy.set(target, [workload]);
      else list.push(workload);
    }
  }
  for (const [{ numbers }, protectedOnes] of protectedBy) {
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
