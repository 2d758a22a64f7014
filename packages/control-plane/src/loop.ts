import {
  type Compile,
  createCompiler,
  createEnvoyRenderer,
  type EnvoyOutput,
  type EnvoyTarget,
  type Finding,
  findingsOf,
  type MeshModel,
  type MeshSettings,
  type Render,
  type ResourceDelta,
  ResourceStore,
  sourcesOf,
} from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';

/** What the mesh has come to. */
export interface State {
  /** Counts the passes of this loop; starts at 1. */
  readonly revision: number;
  readonly model: MeshModel;
  readonly output: EnvoyOutput;
  readonly target: EnvoyTarget;
  /** Every object that is held. */
  readonly sources: () => Iterable<SourceObject>;
  /** Every finding: the sources', the store's and the model's. */
  readonly findings: () => readonly Finding[];
}

/** What the loop needs from outside. */
export interface LoopOptions {
  readonly settings: MeshSettings;
  /** Read at each pass: what it returns may change, and `poke` makes it count. */
  readonly target: () => EnvoyTarget;
  /** Tells the world; what it throws is a broken invariant, like what the pure stages throw. */
  readonly publish: (state: State) => void;
  /** A pass that failed: the last good state stays in force. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * observe → hold → compile → render → publish: the one place that calls the five hops. A delivery is handled at once when
 * the loop is idle; deliveries that come meanwhile are handled together in the next pass.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #store = new ResourceStore();
  #compile: Compile = createCompiler();
  #render: Render<EnvoyTarget, EnvoyOutput> = createEnvoyRenderer();
  #pending: ResourceDelta[] = [];
  #sourceFindings: readonly Finding[] = [];
  #poked = false;
  #wake: (() => void) | undefined;
  #revision = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#store.configure(options.settings);
  }

  /** Takes a delivery of the sources, with all that they have to say about their input. */
  deliver(delta: ResourceDelta, findings: readonly Finding[]): void {
    this.#pending.push(delta);
    this.#sourceFindings = findings;
    this.poke();
  }

  /** Asks for a pass although no resource changed. */
  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
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
      try {
        this.#pass();
      } catch (error) {
        this.#forget();
        this.#options.onFailure(error);
      }
      // Lets deliveries in that have come during the pass, and everything else have its turn.
      await new Promise(resolve => {
        setImmediate(resolve);
      });
    }
  }

  #pass(): void {
    const deltas = this.#pending;
    this.#pending = [];
    for (const delta of deltas) this.#store.apply(delta);
    const set = this.#store.current();
    const model = this.#compile(set);
    const target = this.#options.target();
    const { output, findings } = this.#render(model, target);
    const said = this.#sourceFindings;
    this.#revision += 1;
    this.#options.publish({
      revision: this.#revision,
      model,
      output,
      target,
      sources: () => sourcesOf(set),
      findings: () => [...said, ...findingsOf(model), ...findings],
    });
  }

  /** A pass that broke off may have left a memory half written: the next one starts from nothing but the resources. */
  #forget(): void {
    this.#compile = createCompiler();
    this.#render = createEnvoyRenderer();
  }
}
