import type { SidecarRef } from './sidecar-ref.ts';

/** Sidecars that can't be given what they are to have, all for the same cause; what they had stays in force. */
export interface PublishFailure {
  readonly error: unknown;
  readonly sidecars: readonly SidecarRef[];
}

/** Which sidecars a pass had to set aside, and which of the causes are news. */
export class SetAside {
  readonly #failed: { readonly sidecar: SidecarRef; readonly error: unknown }[] = [];
  readonly #before: ReadonlyMap<string, string>;

  /** @param before the one of the last pass */
  constructor(before?: SetAside) {
    const failed = before === undefined ? [] : before.#failed;
    this.#before = new Map(failed.map(({ sidecar, error }) => [sidecar.nodeId, String(error)]));
  }

  /** How many sidecars. */
  get size(): number {
    return this.#failed.length;
  }

  /** Keys of their workloads. */
  get workloads(): Iterable<string> {
    return this.#failed.map(({ sidecar }) => sidecar.workload);
  }

  /** Does something for a sidecar; false, and noted, when it throws. */
  attempt<Input>(sidecar: SidecarRef, action: (sidecar: SidecarRef, input: Input) => boolean, input: Input): boolean {
    try {
      return action(sidecar, input);
    } catch (error) {
      this.#failed.push({ sidecar, error });
      return false;
    }
  }

  /** What the pass before did not know: a cause for which sidecars are still set aside is not said in each pass. */
  news(): PublishFailure[] {
    const news = this.#failed.filter(({ sidecar, error }) => this.#before.get(sidecar.nodeId) !== String(error));
    return [...Map.groupBy(news, ({ error }) => String(error)).values()].map(alike => ({
      error: alike[0]?.error,
      sidecars: alike.map(({ sidecar }) => sidecar),
    }));
  }
}
