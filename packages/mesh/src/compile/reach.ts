import type { Service } from '../model/service.ts';
import { keepList } from './memo.ts';
import type { LocalNamespace } from './namespace.ts';

/** Which Services of one namespace each identity may reach. */
export interface Reach {
  /** Keys of Services that everybody may reach. */
  readonly open: readonly string[];
  readonly byIdentity: ReadonlyMap<string, readonly string[]>;
}

/** Turns the callers of a namespace's Services around; a list that did not change is the same object as before. */
export function reachOf(namespace: LocalNamespace, previous: Reach | undefined): Reach {
  const open: string[] = [];
  const byIdentity = new Map<string, string[]>();
  for (const service of namespace.services.values()) {
    if (service.callers === 'anyone') open.push(service.key);
    else for (const identity of service.callers) append(byIdentity, identity, service.key);
  }
  const kept = new Map<string, readonly string[]>();
  for (const [identity, keys] of byIdentity) kept.set(identity, keepList(previous?.byIdentity.get(identity), keys));
  return { open: keepList(previous?.open, open), byIdentity: kept };
}

/** What `reachOf` depends on. */
export function reachInputs(services: ReadonlyMap<string, Service>): unknown[] {
  const inputs: unknown[] = [];
  for (const service of services.values()) inputs.push(service.key, service.callers);
  return inputs;
}

function append(map: Map<string, string[]>, key: string, item: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
