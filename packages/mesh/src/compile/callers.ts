import type { Service } from '../model/service.ts';
import { keepList, type Memo, type Memory } from './memo.ts';
import type { LocalWorkload } from './namespace.ts';
import type { CompiledPorts, UnreachedService } from './services.ts';

/** Adds who may reach each Service: the callers of its own workloads and of every backend that its routes name. */
export class CallerCompiler {
  readonly #callers: Memo<Service['callers']>;
  readonly #services: Memo<Service>;

  constructor(memory: Memory) {
    this.#callers = memory.memo();
    this.#services = memory.memo();
  }

  /** One pass. */
  compile(compiled: CompiledPorts, workloads: ReadonlyMap<string, LocalWorkload>): ReadonlyMap<string, Service> {
    const services = new Map<string, Service>();
    for (const [name, unit] of compiled.services) {
      const behind = workloadsBehind(unit, compiled, workloads);
      const callers = this.#callers.get(name, behind, () =>
        keepCallers(this.#callers.previous(name), callersOfWorkloads(behind)),
      );
      const inMesh = unit.ports.every(port => port.endpoints.length === 0) || behind.length > 0;
      const reachable = inMesh ? callers : 'anyone';
      services.set(
        name,
        this.#services.get(name, [unit, reachable, inMesh], () => ({ ...unit, inMesh, callers: reachable })),
      );
    }
    return services;
  }
}

function workloadsBehind(
  unit: UnreachedService,
  compiled: CompiledPorts,
  workloads: ReadonlyMap<string, LocalWorkload>,
): LocalWorkload[] {
  const names = new Set<string>([unit.name]);
  for (const port of unit.ports) {
    for (const route of port.outbound.routes) for (const { service } of route.backends) names.add(afterSlash(service));
  }
  const keys = new Set<string>();
  for (const name of names) {
    for (const port of compiled.services.get(name)?.ports ?? []) {
      for (const { workload } of port.endpoints) if (workload !== undefined) keys.add(workload);
    }
  }
  return [...keys].toSorted().flatMap(key => workloads.get(afterSlash(key)) ?? []);
}

/**
 * Nobody is kept from a Service without workloads: there is nothing to protect, and 503 tells more than 403. Nor from one
 * with a workload that does not enforce policy: what would be denied comes as far as that, where it is counted (I3).
 */
function callersOfWorkloads(workloads: readonly LocalWorkload[]): Service['callers'] {
  if (workloads.length === 0 || workloads.some(({ modes }) => modes.policy !== 'enforce')) return 'anyone';
  const callers = new Set<string>();
  for (const { ports } of workloads) {
    for (const { policy } of ports) {
      for (const { http, tcp, principals } of policy.authorizations) {
        if (tcp || http === 'all' || http.length > 0) for (const { identity } of principals) callers.add(identity);
      }
    }
  }
  return [...callers].toSorted();
}

function keepCallers(previous: Service['callers'] | undefined, next: Service['callers']): Service['callers'] {
  return typeof previous === 'object' && typeof next === 'object' ? keepList(previous, next) : next;
}

function afterSlash(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
