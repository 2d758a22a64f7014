import type { ResourceDelta } from '@heddle/mesh';
import { refOf } from '@heddle/smi';
import { Controller } from '../packages/control-plane/src/controller.ts';
import {
  CertificateAuthority,
  type ServiceAccount,
  type WorkloadCertificate,
} from '../packages/control-plane/src/identity/ca.ts';
import type { Delivery } from '../packages/control-plane/src/sources/source.ts';
import { quantile } from './quantile.ts';
import { splitOf, standardWorld } from './standard-world.ts';

/** What one weight change costs the control plane, besides sending. CPU in milliseconds. */
export interface ChangeResult {
  readonly services: number;
  readonly sidecars: number;
  readonly changes: number;
  readonly cpuMsP50: number;
  readonly cpuMsP99: number;
  readonly wallMsP50: number;
  /** Sidecars that a change is sent to, of all. */
  readonly sidecarsConcerned: number;
  /** The first pass over everything, for comparison: what a control plane that starts anew each time would pay. */
  readonly coldCpuMs: number;
  /** `coldCpuMs` by `cpuMsP50`. */
  readonly coldToChange: number;
}

/** Changes that warm the process up and are not counted. */
const warmUp = 50;

const now = (): Date => new Date();

/** Changes the weights of TrafficSplits one after the other: the whole pass, and what is written down of it. */
export async function benchChange(services: number, changes = 300): Promise<ChangeResult> {
  const mesh = new Mesh();
  const cold = await mesh.change({ upserts: standardWorld(services), removals: [] });
  const cpu: number[] = [];
  const wall: number[] = [];
  let concerned = 0;
  for (let n = 0; n < warmUp + changes; n++) {
    const split = splitOf((n * 10) % services, services, 1 + ((n * 7) % 99));
    const cost = await mesh.change({ upserts: [split], removals: [] });
    if (n < warmUp) continue;
    cpu.push(cost.cpuMs);
    wall.push(cost.wallMs);
    concerned = Math.max(concerned, cost.sidecars);
  }
  const { sidecars } = mesh;
  mesh.end();
  const cpuMsP50 = quantile(cpu, 0.5);
  return {
    services,
    sidecars,
    changes,
    cpuMsP50,
    cpuMsP99: quantile(cpu, 0.99),
    wallMsP50: quantile(wall, 0.5),
    sidecarsConcerned: concerned,
    coldCpuMs: cold.cpuMs,
    coldToChange: cold.cpuMs / cpuMsP50,
  };
}

/** Issues one certificate, for all: issuing is not what is measured here. */
class OneCertificate extends CertificateAuthority {
  #issued: WorkloadCertificate | undefined;

  override issue(identity: ServiceAccount): WorkloadCertificate {
    this.#issued ??= super.issue(identity);
    return this.#issued;
  }
}

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** That were sent something. */
  readonly sidecars: number;
}

/** A whole control plane, with a source that delivers when told, and without sidecars that are connected. */
class Mesh {
  readonly #ending = new AbortController();
  readonly #controller: Controller;
  #deliver: (delivery: Delivery) => void = () => undefined;
  #passed: () => void = () => undefined;
  /** How many sidecars the last pass sent something. */
  #sent = 0;

  constructor() {
    this.#controller = new Controller({
      authority: new OneCertificate({ trustDomain: 'cluster.local', now }),
      sources: [{ name: 'bench', run: async (_signal, deliver) => void (this.#deliver = deliver) }],
      open: async () => undefined,
      onState: () => this.#passed(),
      log: {
        info: () => undefined,
        error: (message, error) => {
          throw new Error(message, { cause: error });
        },
        verbose: (_level, message, fields) => {
          if (message === 'published') this.#sent = Number(fields?.['sidecars']);
        },
      },
    });
    void this.#controller.run(this.#ending.signal);
  }

  /** What is known of the sidecars after the last pass. */
  get sidecars(): number {
    return this.#controller.report.status()?.sidecars.length ?? 0;
  }

  /** From a delivery to the end of the pass that took it in. */
  async change(delta: ResourceDelta): Promise<Cost> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#passed = resolve;
    const written = { upserts: delta.upserts.map(({ object }) => refOf(object)), removals: delta.removals };
    const cpu = process.cpuUsage();
    const start = performance.now();
    this.#deliver({ delta, findings: [], written });
    await promise;
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, wallMs, sidecars: this.#sent };
  }

  end(): void {
    this.#ending.abort();
  }
}
