import type { JsonRecord } from '../../sources/record.ts';
import type { ContainerStatus, PodStatus } from '../pod.ts';

/** What an API server is told of a pod that is not run. */
export interface NotRun {
  readonly ip: string;
  /** Why, in a sentence; absent while it is only waiting. */
  readonly message?: string;
}

/** A pod's status as Kubernetes has it, from what the node says; `at` is now, RFC 3339. Pure. */
export function podReport(
  status: PodStatus | NotRun,
  written: readonly string[],
  before: JsonRecord,
  at: string,
): JsonRecord {
  const isRun = 'phase' in status;
  const phase = isRun ? (status.phase === 'Terminating' ? 'Running' : status.phase) : 'Pending';
  const ready = isRun && status.ready;
  const message = status.message === undefined ? {} : { message: status.message };
  const conditions = [
    condition('PodScheduled', true),
    condition('Initialized', isRun),
    condition('ContainersReady', ready),
    condition('Ready', ready),
  ].map(next => settled(next, before, at));
  const startTime = typeof before['startTime'] === 'string' ? before['startTime'] : at;
  const known = new Map(isRun ? status.containers.map(container => [container.name, container]) : []);
  return {
    phase,
    ...message,
    hostIP: nodeAddress,
    podIP: status.ip,
    podIPs: [{ ip: status.ip }],
    startTime,
    conditions,
    containerStatuses: written.map(name => containerReport(name, known.get(name), startTime)),
  };
}

/** The address of the node in the network of its pods. */
export const nodeAddress = '10.244.0.1';

interface ReportedCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
}

function condition(type: string, holds: boolean): ReportedCondition {
  return { type, status: holds ? 'True' : 'False' };
}

function settled(next: ReportedCondition, before: JsonRecord, at: string): JsonRecord {
  const known = (Array.isArray(before['conditions']) ? (before['conditions'] as JsonRecord[]) : []).find(
    ({ type, status }) => type === next.type && status === next.status,
  );
  return { ...next, lastTransitionTime: known?.['lastTransitionTime'] ?? at };
}

function containerReport(name: string, status: ContainerStatus | undefined, since: string): JsonRecord {
  const { state = 'waiting', ready = false, restartCount = 0, lastExit } = status ?? {};
  const ended = lastExit && {
    terminated: {
      // As a shell counts the end by a signal.
      exitCode: lastExit.code ?? 137,
      reason: lastExit.reason ?? (lastExit.code === 0 ? 'Completed' : 'Error'),
      finishedAt: lastExit.at,
      startedAt: lastExit.at,
    },
  };
  const states = {
    waiting: { waiting: { reason: ended ? 'CrashLoopBackOff' : 'ContainerCreating' } },
    running: { running: { startedAt: lastExit?.at ?? since } },
    terminated: ended ?? { terminated: { exitCode: 0, reason: 'Completed' } },
  };
  const last = state === 'terminated' || ended === undefined ? {} : { lastState: ended };
  return {
    name,
    ready,
    restartCount,
    started: state === 'running',
    image: '',
    imageID: '',
    state: states[state],
    ...last,
  };
}
