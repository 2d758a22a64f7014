/** Makes calls from inside the workloads that they come from, and compares what they see with what is expected. */
import { type Caller, callsInPlainText, hostOf, type MeshModel, serviceOf } from '@heddle/mesh';
import { ClientProcess, clientCommand, type RunnableCommand } from './client-process.ts';
import type { CallOrder } from './order.ts';
import { judge, notMade, type SeenCall } from './seen.ts';
import { timesToMeetRefusal } from './shared-refusal.ts';
import type { TrafficCall } from './traffic.ts';

/** How calls are made. */
export interface TrafficOptions {
  /** Turns a command line into one that runs it in a pod of a service account; undefined where none runs. */
  readonly exec: (from: Caller, command: readonly string[]) => Promise<RunnableCommand | undefined>;
  /** Path of Node in the pod, e.g. `process.execPath`: pods see the host's files. */
  readonly node: string;
  /** Tells which Service a workload stands for, where answers name workloads. */
  readonly model?: MeshModel;
  /** Told of each call as soon as it is judged. */
  readonly onSeen?: (seen: SeenCall) => void;
  /** Milliseconds for one exchange; default 5,000. */
  readonly timeout?: number;
}

/**
 * Makes calls, those of each service account by one process in one of its pods, and judges them. Resolves with all of them in
 * their order; a call that can't be made, for want of a pod for instance, differs from whatever is expected. When the
 * signal aborts, calls under way are given up.
 */
export async function runTraffic(
  calls: readonly TrafficCall[],
  options: TrafficOptions,
  signal: AbortSignal,
): Promise<readonly SeenCall[]> {
  const callers = Map.groupBy(calls.keys(), index => JSON.stringify(calls[index]?.call.from));
  const seen = new Map<number, SeenCall>();
  const settle = (index: number, result: SeenCall) => {
    if (seen.has(index)) return;
    seen.set(index, result);
    options.onSeen?.(result);
  };
  await Promise.all(
    [...callers.values()].map(async indices => {
      const orders = new Map(
        indices.flatMap(index => {
          const call = calls[index];
          return call === undefined ? [] : [[index, call] as const];
        }),
      );
      const why = await runCaller(orders, options, { settle, signal });
      for (const [index, call] of orders) settle(index, notMade(call, why));
    }),
  );
  return calls.flatMap((_, index) => seen.get(index) ?? []);
}

interface Progress {
  readonly settle: (index: number, seen: SeenCall) => void;
  readonly signal: AbortSignal;
}

/** Runs the calls of one service account; returns why those that are not settled by then were not made. */
async function runCaller(
  calls: ReadonlyMap<number, TrafficCall>,
  options: TrafficOptions,
  { settle, signal }: Progress,
): Promise<string> {
  const [first] = calls.values();
  if (first === undefined) return '';
  const { from } = first.call;
  const runnable = await options.exec(from, clientCommand(options.node));
  if (runnable === undefined)
    return `no pod of ${[from.namespace, from.serviceAccount, from.pod].filter(Boolean).join('/')} runs`;
  if (signal.aborted) return 'interrupted';
  const client = new ClientProcess(runnable);
  const stop = () => client.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    client.order([...calls].map(([id, call]) => orderOf(id, call, options)));
    let left = calls.size;
    for await (const report of client.reports()) {
      const call = calls.get(report.id);
      if (call !== undefined) settle(report.id, judge(call, report, options.model));
      left -= 1;
      if (left === 0) break;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    client.end();
  }
  const complaint = await client.complaint();
  return signal.aborted ? 'interrupted' : complaint;
}

function orderOf(id: number, traffic: TrafficCall, { model, timeout = 5000 }: TrafficOptions): CallOrder {
  const { protocol, method, path, headers } = traffic.call;
  const { host, port } = placeOf(traffic.call, model);
  const least = model === undefined ? undefined : timesToMeetRefusal(traffic.call, traffic.expect, model);
  const times = Math.max(traffic.times, least ?? 1);
  return { id, host, port, protocol, method, path, headers, times, timeout };
}

/**
 * Where a call is made to. A caller without a sidecar has nothing that takes a Service's address to its pods (kube-proxy would
 * in a cluster): it calls the first of them.
 */
function placeOf({ from, to }: TrafficCall['call'], model: MeshModel | undefined): { host: string; port: number } {
  const named = { host: hostOf(to), port: to.port };
  if (model === undefined || !callsInPlainText(model, from)) return named;
  const service = serviceOf(model, `${to.namespace}/${to.service}`);
  if (service === undefined || service.headless) return named;
  const pod = service.ports.find(({ number }) => number === to.port)?.endpoints.find(({ ready }) => ready);
  return pod === undefined ? named : { host: pod.address, port: pod.port };
}
