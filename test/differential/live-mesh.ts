import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEnvoyRenderer, defaultSettings, type MeshModel } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { Controller } from '../../packages/control-plane/src/controller.ts';
import { CertificateAuthority } from '../../packages/control-plane/src/identity/ca.ts';
import { namesOf } from '../../packages/control-plane/src/local/controller/names.ts';
import { desiredPods } from '../../packages/control-plane/src/local/desired/desired-pods.ts';
import { xdsDirectory } from '../../packages/control-plane/src/local/desired/pod-sidecar.ts';
import { execInPod, type LocalNode, startLocalNode } from '../../packages/control-plane/src/local/host/local-node.ts';
import { createRunDirectory } from '../../packages/control-plane/src/local/host/run-directory.ts';
import { get } from '../../packages/control-plane/src/local/node/envoy-admin.ts';
import { type PodStatus, podKey } from '../../packages/control-plane/src/local/pod.ts';
import { createLogger } from '../../packages/control-plane/src/log.ts';
import type { RunnableCommand } from '../../packages/control-plane/src/traffic/client-process.ts';
import { nodeCommand } from '../integration/local-harness.ts';
import { PolicySource } from './policy-source.ts';

/** Where a mesh of real pods comes from. */
export interface LiveMeshOptions {
  /** Pods and Services; they stay for as long as the mesh runs. */
  readonly world: readonly KubeObject[];
  /** Path of the Envoy executable. */
  readonly envoy: string;
  /** Of the user who runs it; any but 0 makes a user namespace. */
  readonly uid: number;
  /** Makes what renders for sidecars; default: Heddle's own. */
  readonly createRenderer?: typeof createEnvoyRenderer;
  /** The controller's clock; default: the system's, which sidecars go by. */
  readonly now?: () => Date;
}

/** A sidecar refused what it was sent: the configuration itself is wrong. */
export class SidecarRefused extends Error {
  override readonly name = 'SidecarRefused';
}

/** Milliseconds that starting, or one change, may take. */
const patience = 60_000;

/**
 * Real pods with real sidecars, and a controller in this very process, so that a policy is known to be in force as soon as
 * every sidecar has acknowledged it, and the model that calls are decided by is the one that the sidecars were sent.
 */
export class LiveMesh {
  readonly #node: LocalNode;
  readonly #runDirectory: string;
  readonly #end: () => Promise<void>;
  readonly #source: PolicySource;
  readonly #controller: Controller;
  readonly #ready = new Set<string>();
  #pods: readonly PodStatus[] = [];
  #model: MeshModel | undefined;
  #trouble: string[] = [];

  /** Starts it; resolves when every pod is ready. Rejects with nothing left of it. */
  static async start(options: LiveMeshOptions): Promise<LiveMesh> {
    const base = await mkdtemp(join(tmpdir(), 'hd-'));
    const ended = new AbortController();
    const { signal } = ended;
    const remove = async () => {
      ended.abort();
      await rm(base, { recursive: true, force: true });
    };
    try {
      const runDirectory = await createRunDirectory(base, { pid: process.pid });
      const environment = { PATH: process.env['PATH'] ?? '', HOME: '/' };
      const { uid } = options;
      const { platform } = process;
      const node = await startLocalNode({ runDirectory, nodeCommand, environment, uid, platform }, signal);
      const end = async () => {
        ended.abort();
        await node.ended;
        await remove();
      };
      const mesh = new LiveMesh(options, { node, runDirectory, end });
      void mesh.#controller.run(signal);
      await mesh.#startPods(options, signal).catch(async (error: unknown) => {
        await end();
        throw error;
      });
      return mesh;
    } catch (error) {
      await remove();
      throw error;
    }
  }

  private constructor(
    { world, createRenderer = createEnvoyRenderer, now = () => new Date() }: LiveMeshOptions,
    at: { readonly node: LocalNode; readonly runDirectory: string; readonly end: () => Promise<void> },
  ) {
    this.#node = at.node;
    this.#runDirectory = at.runDirectory;
    this.#end = at.end;
    this.#source = new PolicySource(world, pod => this.#ready.has(pod));
    this.#controller = new Controller({
      authority: new CertificateAuthority({ trustDomain: defaultSettings.trustDomain, now }),
      now,
      sources: [this.#source],
      createRenderer,
      outputs: [
        {
          name: 'model',
          render: model => ({ findings: [], publish: () => void (this.#model = model) }),
          forget: () => {},
        },
      ],
      open: async ({ nodeId, namespace, pod }, xds) => {
        const directory = xdsDirectory(this.#runDirectory, { namespace, name: pod });
        await mkdir(directory, { recursive: true, mode: 0o700 });
        return await xds.listen({ path: join(directory, 'xds.sock'), node: nodeId });
      },
      log: createLogger(0, line => this.#trouble.push(line)),
    });
  }

  /**
   * Puts a policy in the place of the last one; resolves with its model once every sidecar has acknowledged it. Rejects with
   * `SidecarRefused` where one doesn't take it.
   */
  async apply(policy: readonly KubeObject[]): Promise<MeshModel> {
    this.#model = undefined;
    this.#trouble = [];
    this.#source.put(policy);
    const model = await this.#until('the controller has a model', () => this.#model);
    await this.#node.client.putNames(namesOf(model));
    await this.#until('every sidecar acknowledges', () => {
      const sidecars = this.#controller.report.status()?.sidecars ?? [];
      const refused = sidecars.flatMap(({ namespace, pod, rejected }) =>
        rejected.map(({ name, message }) => `the sidecar of ${namespace}/${pod} refuses ${name}: ${message}`),
      );
      if (refused.length > 0) throw new SidecarRefused(refused.join('\n'));
      return sidecars.length > 0 && sidecars.every(({ inSync }) => inSync) ? sidecars : undefined;
    });
    return model;
  }

  /** Puts a policy in the place of the last one, whose objects stay in force where the new ones can't be. */
  edit(policy: readonly KubeObject[]): void {
    this.#source.edit(policy);
  }

  /** Waits until the state of the mesh is as wanted; rejects after a while. */
  async until(what: string, wanted: (status: MeshStatus) => boolean): Promise<MeshStatus> {
    return await this.#until(what, () => {
      const status = this.#controller.report.status();
      return status !== undefined && wanted(status) ? status : undefined;
    });
  }

  /** What the sidecar of a pod has counted under a name; 0 for what it has not counted yet. */
  async statistic(pod: { readonly namespace: string; readonly name: string }, name: string): Promise<number> {
    const pods = await this.#node.client.pods();
    const found = pods.find(({ namespace, name: its }) => namespace === pod.namespace && its === pod.name)?.sidecar;
    if (found === undefined || found === null) throw new Error(`${podKey(pod)} has no sidecar`);
    const { body } = await get(found.adminSocket, `/stats?filter=${name}`, AbortSignal.timeout(patience));
    const line = body.split('\n').find(each => each.startsWith(`${name}: `));
    return Number(line?.slice(name.length + 2) ?? 0);
  }

  /** Ends the sidecar of a pod, which is started again and knows nothing of before. */
  async restartSidecar(pod: { readonly namespace: string; readonly name: string }): Promise<void> {
    const find = async () => {
      const pods = await this.#node.client.pods();
      return pods.find(({ namespace, name }) => namespace === pod.namespace && name === pod.name)?.sidecar;
    };
    const before = await find();
    if (before === undefined || before === null) throw new Error(`${podKey(pod)} has no sidecar`);
    request({ socketPath: before.adminSocket, method: 'POST', path: '/quitquitquit', agent: false })
      .on('response', response => void response.resume())
      .on('error', () => {}) // it ends before it has answered
      .end();
    for await (const _ of this.#node.client.watchPods(AbortSignal.timeout(patience))) {
      const now = await find();
      if (now !== null && now !== undefined && now.restartCount > before.restartCount && now.state === 'running') break;
    }
  }

  /** A command line that runs a command in a pod. */
  async exec(pod: { readonly namespace: string; readonly name: string }, command: readonly string[]) {
    const status = this.#pods.find(({ namespace, name }) => namespace === pod.namespace && name === pod.name);
    if (status === undefined) throw new Error(`there is no pod ${podKey(pod)}`);
    const { command: line, path } = await execInPod(this.#runDirectory, status, command);
    return { command: line, environment: { PATH: path } } satisfies RunnableCommand;
  }

  /** Ends everything, and removes what it made. */
  async end(): Promise<void> {
    await this.#end();
  }

  async #startPods({ envoy }: LiveMeshOptions, signal: AbortSignal): Promise<void> {
    const { pods, findings } = desiredPods(this.#source.objects, { envoy, runDirectory: this.#runDirectory });
    if (pods.length === 0) throw new Error(`no pod can run: ${findings.map(({ message }) => message).join(' ')}`);
    await this.#node.client.putPods(pods);
    for await (const _ of this.#node.client.watchPods(AbortSignal.any([signal, AbortSignal.timeout(patience)]))) {
      this.#pods = await this.#node.client.pods();
      if (this.#pods.length === pods.length && this.#pods.every(({ ready }) => ready)) break;
    }
    for (const pod of this.#pods) if (pod.ready) this.#ready.add(podKey(pod));
    if (this.#ready.size < pods.length) throw new Error(`pods are not ready: ${JSON.stringify(this.#pods)}`);
    await this.apply([]);
  }

  /** Looks whenever the controller says that something has changed. */
  async #until<Value>(what: string, look: () => Value | undefined): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const again = () => {
      try {
        const value = look();
        if (value !== undefined) resolve(value);
      } catch (error) {
        reject(error);
      }
    };
    const late = () => reject(new Error(`${what}: not within ${patience} ms; ${this.#trouble.join('')}`));
    const timer = setTimeout(late, patience);
    const stop = this.#controller.report.onChange(again);
    again();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }
}
