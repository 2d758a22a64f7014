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

/** Which Services of the whole mesh each identity may reach. */
export class Reachability {
  readonly #reach: readonly Reach[];
  readonly #previous: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #lists = new Map<string, readonly string[]>();

  /** @param previous of the last pass: a list that did not change is the same object as there */
  constructor(reach: readonly Reach[], previous?: Reachability) {
    this.#reach = reach;
    if (previous !== undefined) this.#previous = previous.#lists;
  }

  /** Keys of the Services, in order. */
  by(identity: string): readonly string[] {
    let list = this.#lists.get(identity);
    if (list === undefined) {
      const keys = this.#reach.flatMap(({ open, byIdentity }) => [...open, ...(byIdentity.get(identity) ?? [])]);
      list = keepList(this.#previous.get(identity), keys.toSorted());
      this.#lists.set(identity, list);
    }
    return list;
  }
}

function append(map: Map<string, string[]>, key: string, item: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
