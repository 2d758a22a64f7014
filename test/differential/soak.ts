import type { MeshModel } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import type { CallReport } from '../../packages/control-plane/src/traffic/order.ts';
import type { World } from '../worlds/world.ts';
import { Callers } from './callers.ts';
import { callsForShares, differencesFrom } from './compare.ts';
import { type Ending, endingsOf } from './endings.ts';
import { type LiveMesh, SidecarRefused } from './live-mesh.ts';
import { shrink, shrinkCall } from './shrink.ts';
import { orderOf, policyOfSeed, trialOfSeed, type WireCall } from './trial.ts';

/** How much is tried. */
export interface SoakOptions {
  /** Of the first set; each next one has the next. */
  readonly seed: number;
  readonly sets: number;
  /** Calls a set. */
  readonly calls: number;
  /** Shares are measured wherever they are uneven, and where they are even in one of so many sets. */
  readonly sharesEvery: number;
  /** Sets with a difference before it ends. */
  readonly enough: number;
  /** Told after each set. */
  readonly onSet?: (tally: Tally) => void;
  /** Ends it after the set that is under way. */
  readonly signal?: AbortSignal;
}

/** How it has gone so far. */
export interface Tally {
  readonly sets: number;
  /** Calls that `decide` was compared on, and exchanges that were made for them. */
  readonly calls: number;
  readonly requests: number;
  /** Calls of which some are let through. */
  readonly allowed: number;
  /** Calls whose shares were measured. */
  readonly shares: number;
  /** Calls that differed once, and no longer when they were made again. */
  readonly passing: readonly Difference[];
  readonly differences: readonly Difference[];
}

/** A call on which `decide` and the wire don't agree. */
export interface Difference {
  readonly seed: number;
  /** As small as it still differs. */
  readonly policy: readonly KubeObject[];
  readonly call: WireCall | undefined;
  readonly endings: readonly Ending[];
  readonly seen: readonly string[];
}

/** So often a call that differed is made again: where it may end in several ways, it need not end so at once. */
const confirmations = 30;

/** Random policies, one after the other in force in a mesh of real pods, each tried with random calls. */
export async function soak(mesh: LiveMesh, world: World, options: SoakOptions): Promise<Tally> {
  const callers = new Callers(mesh);
  try {
    return await new Soak(mesh, callers, options).run(world);
  } finally {
    await callers.end();
  }
}

class Soak {
  readonly #mesh: LiveMesh;
  readonly #callers: Callers;
  readonly #options: SoakOptions;
  #tally: Tally = { sets: 0, calls: 0, requests: 0, allowed: 0, shares: 0, passing: [], differences: [] };

  constructor(mesh: LiveMesh, callers: Callers, options: SoakOptions) {
    this.#mesh = mesh;
    this.#callers = callers;
    this.#options = options;
  }

  async run(world: World): Promise<Tally> {
    const { seed, sets, enough, sharesEvery, onSet, signal } = this.#options;
    for (let set = 0; set < sets && this.#tally.differences.length < enough; set++) {
      if (signal?.aborted === true) break;
      await this.#try(world, seed + set, set % sharesEvery === 0);
      this.#add({ sets: 1 });
      onSet?.(this.#tally);
    }
    return this.#tally;
  }

  async #try(world: World, seed: number, withShares: boolean): Promise<void> {
    const policy = policyOfSeed(world, seed);
    try {
      const model = await this.#mesh.apply(policy);
      const { calls, shared } = trialOfSeed(world, seed, { policy, model, count: this.#options.calls });
      const results = await Promise.all(calls.map(async call => ({ call, ...(await this.#compare(model, call, 1)) })));
      if (shared !== undefined && (shared.isUneven || withShares)) {
        this.#add({ shares: 1 });
        results.push({ call: shared.call, ...(await this.#compare(model, shared.call, callsForShares)) });
      }
      for (const { call, times, seen } of results) {
        if (seen.length > 0 && (await this.#confirm({ seed, policy }, model, { call, times, seen }))) return;
      }
    } catch (error) {
      if (!(error instanceof SidecarRefused)) throw error;
      const smallest = await shrink(policy, async smaller => await this.#isRefused(smaller));
      this.#differ({ seed, policy: smallest, call: undefined, endings: [], seen: [error.message] });
    }
  }

  /** One that differs once more is a difference; one that doesn't was late. */
  async #confirm(
    { seed, policy }: Pick<Difference, 'seed' | 'policy'>,
    model: MeshModel,
    { call, times, seen }: { call: WireCall; times: number; seen: readonly string[] },
  ): Promise<boolean> {
    const endings = endingsOf(model, call.call);
    const repeat = Math.max(times, confirmations);
    const again = await this.#compare(model, call, repeat);
    if (again.seen.length === 0) {
      this.#tally = { ...this.#tally, passing: [...this.#tally.passing, { seed, policy, call, endings, seen }] };
      return false;
    }
    this.#differ(await this.#smallest({ seed, policy, call, endings, seen: again.seen }, repeat));
    return true;
  }

  /** The same difference with as little as shows it; the one that came in where it can't be had again. */
  async #smallest(difference: Difference & { call: WireCall }, repeat: number): Promise<Difference> {
    const look = async (policy: readonly KubeObject[], call: WireCall, times: number) => {
      const model = await this.#mesh.apply(policy);
      const { seen } = await this.#compare(model, call, times);
      return { endings: endingsOf(model, call.call), seen };
    };
    const { call } = difference;
    // An ending that can't be shows within a few calls, a share that is wrong doesn't.
    const few = await look(difference.policy, call, confirmations);
    const times = few.seen.length > 0 ? confirmations : repeat;
    const policy = await shrink(difference.policy, async smaller => (await look(smaller, call, times)).seen.length > 0);
    const simplest = await shrinkCall(call, async simpler => (await look(policy, simpler, times)).seen.length > 0);
    const last = await look(policy, simplest, repeat);
    return last.seen.length > 0 ? { ...difference, policy, call: simplest, ...last } : difference;
  }

  async #compare(model: MeshModel, call: WireCall, times: number) {
    const endings = endingsOf(model, call.call);
    const report: CallReport = await this.#callers.call(call.call.from, orderOf(call, times));
    this.#add({ calls: 1, requests: times, allowed: endings.some(({ verdict }) => verdict.allowed) ? 1 : 0 });
    return { times, seen: differencesFrom(call.call, endings, report) };
  }

  async #isRefused(policy: readonly KubeObject[]): Promise<boolean> {
    try {
      await this.#mesh.apply(policy);
      return false;
    } catch (error) {
      if (error instanceof SidecarRefused) return true;
      throw error;
    }
  }

  #differ(difference: Difference): void {
    this.#tally = { ...this.#tally, differences: [...this.#tally.differences, difference] };
  }

  #add(counts: Partial<Record<'sets' | 'calls' | 'requests' | 'allowed' | 'shares', number>>): void {
    const tally = { ...this.#tally };
    for (const name of ['sets', 'calls', 'requests', 'allowed', 'shares'] as const) tally[name] += counts[name] ?? 0;
    this.#tally = tally;
  }
}
