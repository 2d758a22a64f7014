/** Which pods are not ready, and why, told to people. Pure. */
import { type ContainerExit, type ContainerStatus, type PodStatus, podKey, type SidecarStatus } from '../pod.ts';

/** A pod that is not ready. */
export interface UnreadyPod {
  readonly namespace: string;
  readonly name: string;
  /**
   * `starting` takes its time; of `failing` something went wrong, and is tried again; `refused` is not to run here, as
   * findings say; `ended` has run to a good end.
   */
  readonly state: 'starting' | 'failing' | 'refused' | 'ended';
  /** In a few words, to follow the pod's name. */
  readonly message: string;
  /** How often its containers and its sidecar were started again. */
  readonly restarts: number;
}

/** What is known of a mesh's pods. */
export interface KnownPods {
  /** Those that manifests and dumps speak of. */
  readonly meant: Iterable<{ readonly namespace: string; readonly name: string }>;
  /** Those that the node is to run. */
  readonly wanted: Iterable<{ readonly namespace: string; readonly name: string }>;
  /** Those that the node speaks of. */
  readonly running: Iterable<PodStatus>;
}

/** The pods that are not ready, by name; those that are being ended are not among them. */
export function unreadyPods({ meant, wanted, running }: KnownPods): UnreadyPod[] {
  const found = new Map<string, UnreadyPod>();
  const known = new Set(Array.from(wanted, podKey));
  for (const pod of running) {
    known.add(podKey(pod));
    const { namespace, name } = pod;
    if (!pod.ready && pod.phase !== 'Terminating')
      found.set(podKey(pod), { namespace, name, ...whyUnready(pod), restarts: restartsOf(pod) });
  }
  for (const { namespace, name } of meant) {
    const key = podKey({ namespace, name });
    const message = 'it does not run here: a finding says why';
    if (!known.has(key)) found.set(key, { namespace, name, state: 'refused', message, restarts: 0 });
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, pod]) => pod);
}

type Why = Pick<UnreadyPod, 'state' | 'message'>;

function whyUnready(pod: PodStatus): Why {
  if (pod.phase === 'Succeeded') return { state: 'ended', message: 'it has run to its end' };
  if (pod.message !== undefined) return { state: 'failing', message: `it could not be set up: ${pod.message}` };
  const { sidecar } = pod;
  if (sidecar !== null && !sidecar.ready) return whySidecarUnready(sidecar);
  for (const container of pod.containers) {
    const why = whyContainerUnready(container);
    if (why !== null) return why;
  }
  return { state: 'starting', message: 'it is starting' };
}

function whySidecarUnready({ lastExit }: SidecarStatus): Why {
  if (lastExit === undefined) return { state: 'starting', message: 'its sidecar is starting' };
  return { state: 'failing', message: `its sidecar ${describeExit(lastExit)}` };
}

function whyContainerUnready({ name, state, ready, lastExit }: ContainerStatus): Why | null {
  if (ready) return null;
  const subject = `its container ${name}`;
  if (lastExit !== undefined) {
    return { state: 'failing', message: `${subject} ${describeExit(lastExit)}` };
  }
  if (state !== 'running') return { state: 'starting', message: `${subject} is starting` };
  return { state: 'starting', message: `${subject} runs, but its readiness probe has not succeeded yet` };
}

function describeExit({ code, signal, reason }: ContainerExit): string {
  if (reason !== undefined) return `was ended since ${reason}`;
  if (signal !== null) return `was killed by ${signal}`;
  return code === 127 ? 'ended with exit code 127 (is the program there?)' : `ended with exit code ${code}`;
}

function restartsOf({ containers, sidecar }: PodStatus): number {
  return [...containers, sidecar].reduce((sum, process) => sum + (process?.restartCount ?? 0), 0);
}
