import {
  type Compile,
  createCompiler,
  type Finding,
  findingsOf,
  type MeshModel,
  type MeshSettings,
  type ResourceSet,
  ResourceStore,
} from '@heddle/mesh';
import { Failures, type PassFailure } from './failures.ts';
import type { Output, Rendered } from './outputs/output.ts';
import type { Delivery, Source } from './sources/source.ts';

/** What the mesh has come to. */
export interface State {
  /** Counts the passes of this loop; starts at 1. */
  readonly revision: number;
  readonly model: MeshModel;
  /** Every object that the sources have, refused ones included: see `heldObjects`. */
  readonly held: ResourceSet['held'];
  /** Every finding: the sources', the store's, the model's and the outputs'. */
  readonly findings: () => readonly Finding[];
}

/** What the loop needs from outside. */
export interface LoopOptions {
  readonly settings: MeshSettings;
  readonly sources: readonly Source[];
  readonly outputs: readonly Output[];
  /** Told of each delivery of a source, before the pass that takes it in. */
  readonly onDelivery?: (source: string, delivery: Delivery) => void;
  /** Told after every pass that reached its end. */
  readonly onState: (state: State) => void;
  /** Told of each broken invariant: what was in force stays in force, and the hop is tried again. */
  readonly onFailure: (part: string, error: unknown) => void;
}

/**
 * observe → hold → compile → render → publish: the one place that calls the five hops. A delivery is handled at once when
 * the loop is idle; deliveries that come meanwhile are handled together in the next pass. A hop that throws leaves the last
 * good state in force; it starts anew from the resources with the next delivery, or after a back-off.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #store = new ResourceStore();
  #compile: Compile = createCompiler();
  #pending: Delivery[] = [];
  readonly #said = new Map<string, readonly Finding[]>();
  readonly #failures: Failures;
  #poked = false;
  #wake: (() => void) | undefined;
  #revision = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#store.configure(options.settings);
    this.#failures = new Failures({ onFailure: options.onFailure, retry: () => this.poke() });
  }

  /** What failed in the last pass; empty when all is well. */
  get failing(): readonly PassFailure[] {
    return this.#failures.list;
  }

  /** Asks for a pass although no resource changed. */
  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** Observes the sources and runs a pass after each delivery, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const observe = this.#options.sources.map(source =>
      source.run(signal, delivery => this.#take(source.name, delivery)),
    );
    await Promise.all([...observe, this.#turn(signal)]);
    this.#failures.stop();
  }

  #take(source: string, delivery: Delivery): void {
    this.#pending.push(delivery);
    this.#said.set(source, delivery.findings);
    this.#options.onDelivery?.(source, delivery);
    this.poke();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      if (!this.#poked) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
        continue;
      }
      this.#poked = false;
      this.#pass();
      // Lets deliveries in that have come during the pass, and everything else have its turn.
      await new Promise(resolve => {
        setImmediate(resolve);
      });
    }
  }

  #pass(): void {
    const made = this.#failures.guard('compile', () => this.#made());
    if (made === undefined) {
      this.#compile = createCompiler();
      return;
    }
    const { set, model } = made;
    this.#revision += 1;
    const findings = [...this.#said.values(), findingsOf(model)];
    for (const output of this.#options.outputs) {
      const rendered = this.#failures.guard(output.name, () => this.#bring(output, model));
      if (rendered === undefined) output.forget();
      else findings.push(rendered.findings);
    }
    this.#options.onState({
      revision: this.#revision,
      model,
      held: set.held,
      findings: () => findings.flat(),
    });
  }

  #made(): { readonly set: ResourceSet; readonly model: MeshModel } {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift())
      this.#store.apply(next.delta);
    const set = this.#store.setAside(new Set(this.#options.outputs.flatMap(({ refused = [] }) => [...refused])));
    return { set, model: this.#compile(set) };
  }

  #bring(output: Output, model: MeshModel): Rendered {
    const rendered = output.render(model);
    rendered.publish(this.#revision);
    return rendered;
  }
}
