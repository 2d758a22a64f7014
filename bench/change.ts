import { createCompiler, type ResourceDelta, ResourceStore } from '@heddle/mesh';
import { CertificateAuthority } from '../packages/control-plane/src/identity/ca.ts';
import { WorkloadSecrets } from '../packages/control-plane/src/identity/secrets.ts';
import { EnvoySidecars } from '../packages/control-plane/src/outputs/envoy-sidecars.ts';
import { XdsServer } from '../packages/control-plane/src/xds/server.ts';
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

/** Changes the weights of TrafficSplits one after the other: hold, compile, render, encode and compare what each sidecar has. */
export function benchChange(services: number, changes = 300): ChangeResult {
  const mesh = new Mesh();
  const cold = mesh.change({ upserts: standardWorld(services), removals: [] });
  const cpu: number[] = [];
  const wall: number[] = [];
  let concerned = 0;
  for (let n = 0; n < warmUp + changes; n++) {
    const split = splitOf((n * 10) % services, services, 1 + ((n * 7) % 99));
    const cost = mesh.change({ upserts: [split], removals: [] });
    if (n < warmUp) continue;
    cpu.push(cost.cpuMs);
    wall.push(cost.wallMs);
    concerned = Math.max(concerned, cost.sidecars);
  }
  const cpuMsP50 = quantile(cpu, 0.5);
  return {
    services,
    sidecars: mesh.sidecars,
    changes,
    cpuMsP50,
    cpuMsP99: quantile(cpu, 0.99),
    wallMsP50: quantile(wall, 0.5),
    sidecarsConcerned: concerned,
    coldCpuMs: cold.cpuMs,
    coldToChange: cold.cpuMs / cpuMsP50,
  };
}

/** The control plane without its sources and without sidecars that are connected. */
class Mesh {
  readonly #store = new ResourceStore();
  readonly #compile = createCompiler();
  readonly #output: EnvoySidecars;

  constructor() {
    const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now });
    const issuing = new WorkloadSecrets({ authority, now, onRenewed: () => undefined });
    // One certificate for all: issuing is not what is measured here.
    const certificate = issuing.certificate({ namespace: 'bench', serviceAccount: 'bench' });
    this.#output = new EnvoySidecars({
      xds: new XdsServer(),
      secrets: { certificate: () => certificate, trustBundle: issuing.trustBundle, setLifetime: () => {} },
      target: () => ({}),
      open: async () => undefined,
      onFailure: ({ error }) => {
        throw error;
      },
    });
  }

  get sidecars(): number {
    return this.#output.sidecars.length;
  }

  change(delta: ResourceDelta): { cpuMs: number; wallMs: number; sidecars: number } {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const model = this.#compile(this.#store.apply(delta));
    this.#output.render(model).publish(0);
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, wallMs, sidecars: this.#output.changed.size };
  }
}
