import type { ResourceDelta } from '@heddle/mesh';
import type { KubeObject, SourceObject } from '@heddle/smi';
import { AddressBook } from '../../packages/control-plane/src/sources/addresses.ts';
import { deltaBetween, MeshObjects } from '../../packages/control-plane/src/sources/mesh-objects.ts';
import type { Delivery, Source } from '../../packages/control-plane/src/sources/source.ts';

/** A world that stays, and one policy after the other over it. */
export class PolicySource implements Source {
  readonly name = 'policy';
  readonly #world: readonly SourceObject[];
  readonly #objects: MeshObjects;
  readonly #sources = new WeakMap<KubeObject, SourceObject>();
  #delivered: readonly SourceObject[] = [];
  #deliver: ((delivery: Delivery) => void) | undefined;

  /** @param isReady by the pod's `namespace/name` */
  constructor(world: readonly KubeObject[], isReady: (pod: string) => boolean) {
    this.#world = world.map(object => ({ object }));
    this.#objects = new MeshObjects({
      addresses: new AddressBook(),
      readiness: (namespace, name) => isReady(`${namespace}/${name}`),
    });
  }

  /** Everything as it was last delivered: with addresses, and pods that are ready. */
  get objects(): readonly SourceObject[] {
    return this.#delivered;
  }

  async run(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void> {
    this.#deliver = deliver;
    this.put([]);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }

  /** Puts a policy in the place of the last one, of which nothing stays: no last good version of an object that is refused now. */
  put(policy: readonly KubeObject[]): void {
    const renewed = policy.map(object => ({ ...object }));
    for (const delta of [this.#change([]), this.#change(renewed)]) this.#deliver?.({ delta, findings: [] });
  }

  /** Puts a policy in the place of the last one, as somebody would who edits it. */
  edit(policy: readonly KubeObject[]): void {
    this.#deliver?.({ delta: this.#change(policy), findings: [] });
  }

  /** The same object is the same version of it. */
  #sourceOf(object: KubeObject): SourceObject {
    const source = this.#sources.get(object) ?? { object };
    this.#sources.set(object, source);
    return source;
  }

  #change(policy: readonly KubeObject[]): ResourceDelta {
    const { objects } = this.#objects.complete([...this.#world, ...policy.map(object => this.#sourceOf(object))]);
    const delta = deltaBetween(this.#delivered, objects);
    this.#delivered = objects;
    return delta;
  }
}
