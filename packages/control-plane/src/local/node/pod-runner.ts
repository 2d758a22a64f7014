/** One pod from its first process to its last. */
import { mkdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, ContainerStatus, Pod, PodPhase, PodStatus, Probe, SidecarStatus } from '../pod.ts';
import { applicationCapabilities } from '../sandbox/enter-pod.ts';
import { createSandbox, type NodeSettings, type PodPlaces, podPlaces, type Sandbox } from '../sandbox/sandbox.ts';
import { writeVolumes } from '../sandbox/volumes.ts';
import { networkCheck } from './check.ts';
import type { Clock } from './clock.ts';
import { isSidecarReady, setLogLevel, sidecarVersion } from './envoy-admin.ts';
import { LogFile, logPath, sidecarLogPath } from './log-file.ts';
import { PodProcess } from './pod-process.ts';
import { type Check, runProbe } from './probe.ts';
import { containerProcess, logLevelOf, sidecarProcess } from './process-specs.ts';
import { runInPod } from './run-in-pod.ts';

const defaultGraceSeconds = 30;
const sidecarProbe: Probe = { periodSeconds: 1, failureThreshold: 3, timeoutSeconds: 1 };
const sandboxRetryMilliseconds = 1000;

/** Runs a pod until it is told to end, and tells of every change of its status. */
export class PodRunner {
  readonly #settings: NodeSettings;
  readonly #places: PodPlaces;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #containers: readonly { readonly container: Container; readonly process: PodProcess }[];
  readonly #sidecar: PodProcess | null;
  readonly #sidecarReady = Promise.withResolvers<void>();
  /** With which its Envoy is started, every time. */
  readonly #startLogLevel: string;
  #pod: Pod;
  #version: string | null = null;
  #sandbox: Sandbox | null = null;
  #terminating = false;
  #graceMilliseconds: number;
  #message: string | undefined;
  #last: PodStatus | null = null;

  /** `id` is unique on the node and short; `changed` is called after each change of `status()`. */
  constructor(
    pod: Pod,
    id: string,
    node: { readonly settings: NodeSettings; readonly clock: Clock },
    changed: () => void,
  ) {
    this.#pod = pod;
    this.#startLogLevel = logLevelOf(pod);
    this.#settings = node.settings;
    this.#places = podPlaces(node.settings, id);
    this.#clock = node.clock;
    this.#changed = changed;
    this.#graceMilliseconds = (pod.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
    const onChange = () => this.#changed();
    const { environment, runDirectory } = node.settings;
    const log = (container: string) => new LogFile(logPath(runDirectory, pod, container));
    this.#containers = pod.containers.map(container => ({
      container,
      process: new PodProcess(containerProcess(pod, container, environment), log(container.name), node.clock, onChange),
    }));
    this.#sidecar = pod.sidecar
      ? new PodProcess(
          sidecarProcess(pod, pod.sidecar, environment),
          new LogFile(sidecarLogPath(runDirectory, pod)),
          node.clock,
          onChange,
        )
      : null;
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Takes a pod of which only the volumes and the level of its sidecar's log differ. Rejects where its content can't be laid out; the old stays then. */
  async update(pod: Pod): Promise<void> {
    await writeVolumes(this.#places.volumes, pod);
    this.#pod = pod;
  }

  /** From now on processes are killed that soon after SIGTERM, whatever the pod says. */
  limitGrace(milliseconds: number): void {
    this.#graceMilliseconds = Math.min(this.#graceMilliseconds, milliseconds);
  }

  /**
   * Runs the pod until the signal aborts; resolves when nothing of it is left. Where its namespaces can't be set up, or are
   * lost, this is tried again.
   */
  async run(signal: AbortSignal): Promise<void> {
    const terminating = () => {
      this.#terminating = true;
      this.#changed();
    };
    signal.addEventListener('abort', terminating);
    while (!signal.aborted) {
      try {
        await this.#runOnce(signal);
      } catch (error) {
        this.#say(error instanceof Error ? error.message : String(error));
      }
      this.#sandbox = null;
      await this.#cleanUp();
      await this.#clock.sleep(sandboxRetryMilliseconds, signal);
    }
  }

  /** The status as of now. */
  status(): PodStatus {
    const containers = this.#containers.map(({ process }) => containerStatus(process));
    const sidecar = this.#sidecarStatus();
    const phase = this.#phase();
    const ready =
      phase === 'Running' && containers.every(container => container.ready) && (sidecar === null || sidecar.ready);
    const unchanged = this.#last !== null && this.#last.phase === phase && this.#last.ready === ready;
    const { namespace, name, ip } = this.#pod;
    this.#last = {
      namespace,
      name,
      ip,
      phase,
      ready,
      containers,
      sidecar,
      ...(this.#sandbox === null ? {} : { pid: this.#sandbox.pid }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
      since: unchanged && this.#last !== null ? this.#last.since : new Date(this.#clock.now()).toISOString(),
    };
    return this.#last;
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const sandbox = await this.#setUp();
    this.#sandbox = sandbox;
    this.#say(undefined);
    const lost = new AbortController();
    void sandbox.ended.then(() => lost.abort());
    const end = AbortSignal.any([signal, lost.signal]);
    await this.#runProcesses(sandbox, end);
    await aborted(end); // where all has run to its end, the pod stays as it is until it is removed
    sandbox.kill();
    await sandbox.ended;
    if (!signal.aborted) this.#say('the init of the pod was killed');
  }

  async #setUp(): Promise<Sandbox> {
    await mkdir(this.#places.directory, { recursive: true });
    const { sidecar } = this.#pod;
    if (sidecar) {
      await mkdir(this.#places.admin, { recursive: true, mode: 0o700 });
      await mkdir(sidecar.xdsDirectory, { recursive: true, mode: 0o700 });
      if (sidecar.sharedDirectory !== undefined) await mkdir(sidecar.sharedDirectory, { recursive: true, mode: 0o700 });
    }
    await writeVolumes(this.#places.volumes, this.#pod);
    return createSandbox(this.#pod, this.#places, this.#settings);
  }

  /** The sidecar first and last: an application that says goodbye still can. */
  async #runProcesses(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
    const sidecarEnd = new AbortController();
    const sidecarDone = this.#runSidecar(sandbox, sidecarEnd.signal);
    if (this.#pod.sidecar && this.#pod.sidecar.holdApplication !== false) {
      await Promise.race([this.#sidecarReady.promise, aborted(signal)]);
    }
    const stop = () => {
      for (const { process } of this.#containers) process.stop(undefined, this.#graceMilliseconds);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    await Promise.all(
      this.#containers.map(({ container, process }) =>
        process.run(sandbox.pid, end => this.#probe(container, process, end), signal),
      ),
    );
    if (this.#containers.length === 0) await aborted(signal);
    signal.removeEventListener('abort', stop);
    sidecarEnd.abort();
    this.#sidecar?.stop(undefined, this.#graceMilliseconds);
    await sidecarDone;
  }

  async #runSidecar(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
    const sidecar = this.#sidecar;
    if (sidecar === null) return;
    const admin = this.#adminSocket();
    await sidecar.run(
      sandbox.pid,
      async end => {
        await unlink(admin).catch(() => {}); // a killed Envoy leaves its socket, and the next could not bind it
        const report = (ready: boolean) => {
          if (ready) this.#sidecarReady.resolve();
          sidecar.setReady(ready);
        };
        let level = this.#startLogLevel;
        const check: Check = async probeSignal => {
          const ready = await isSidecarReady(admin, probeSignal);
          if (ready) this.#version ??= await sidecarVersion(admin, probeSignal);
          const wanted = logLevelOf(this.#pod);
          if (ready && wanted !== level) {
            await setLogLevel(admin, wanted, probeSignal);
            level = wanted;
          }
          return ready;
        };
        await runProbe(sidecarProbe, check, report, { clock: this.#clock, signal: end });
      },
      signal,
    );
  }

  /** All probes of a container while it runs: the others wait for the startup probe. */
  async #probe(container: Container, process: PodProcess, signal: AbortSignal): Promise<void> {
    const time = { clock: this.#clock, signal };
    const restart = (reason: string) => process.stop(reason, this.#graceMilliseconds);
    if (container.startupProbe !== undefined) {
      const started = new AbortController();
      await runProbe(
        container.startupProbe,
        this.#check(container.startupProbe, container),
        healthy => (healthy ? started.abort() : restart('the startup probe failed')),
        { clock: this.#clock, signal: AbortSignal.any([signal, started.signal]) },
      );
      if (signal.aborted) return;
    }
    const running: Promise<void>[] = [];
    const { readinessProbe: readiness, livenessProbe: liveness } = container;
    if (readiness === undefined) process.setReady(true);
    else running.push(runProbe(readiness, this.#check(readiness, container), ready => process.setReady(ready), time));
    if (liveness !== undefined) {
      const report = (healthy: boolean) => healthy || restart('the liveness probe failed');
      running.push(runProbe(liveness, this.#check(liveness, container), report, time));
    }
    await Promise.all(running);
  }

  #check(probe: Probe, container: Container): Check {
    const overNetwork = networkCheck(probe, container, this.#pod.ip);
    if (overNetwork !== null) return overNetwork;
    const command = probe.exec?.command;
    if (command === undefined) return () => Promise.resolve(true);
    const spec = containerProcess(this.#pod, container, this.#settings.environment);
    return async signal => {
      if (this.#sandbox === null) return false;
      return runInPod(this.#sandbox.pid, { ...spec, command, capabilities: applicationCapabilities }, signal);
    };
  }

  #sidecarStatus(): SidecarStatus | null {
    if (this.#sidecar === null) return null;
    const { name: _, ...status } = containerStatus(this.#sidecar);
    return { ...status, version: this.#version, adminSocket: this.#adminSocket() };
  }

  #phase(): PodPhase {
    if (this.#terminating) return 'Terminating';
    if (this.#sandbox === null) return 'Pending';
    const processes = this.#containers.map(({ process }) => process);
    if (processes.length === 0) return 'Running';
    if (processes.every(process => process.state === 'terminated')) {
      return processes.every(process => process.lastExit?.code === 0) ? 'Succeeded' : 'Failed';
    }
    return processes.every(process => process.state === 'waiting' && process.lastExit === undefined)
      ? 'Pending'
      : 'Running';
  }

  #adminSocket(): string {
    return join(this.#places.admin, 'admin.sock');
  }

  #say(message: string | undefined): void {
    this.#message = message;
    this.#changed();
  }

  async #cleanUp(): Promise<void> {
    await rm(this.#places.directory, { recursive: true, force: true });
    await rm(this.#places.admin, { recursive: true, force: true });
  }
}

function containerStatus(process: PodProcess): ContainerStatus {
  const { name, state, ready, restartCount, lastExit } = process;
  return { name, state, ready, restartCount, ...(lastExit === undefined ? {} : { lastExit }) };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
