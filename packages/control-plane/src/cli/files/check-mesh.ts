import { DependsOnPod, decide, type MeshModel } from '@heddle/mesh';
import type { LocalMesh } from '../../local/host/local-mesh.ts';
import { execInPod } from '../../local/host/local-node.ts';
import { describeExpectation, describeOutcome } from '../../traffic/compare.ts';
import { runTraffic, type TrafficOptions } from '../../traffic/run.ts';
import type { SeenCall } from '../../traffic/seen.ts';
import type { CommandContext, ExitCode } from '../cli-command.ts';
import type { OutputFormat } from '../options.ts';
import { progressOn } from '../output/progress.ts';
import { warnOf } from '../output/show-findings.ts';
import { awaitReady } from '../run/await-ready.ts';
import { loadMesh } from './load-mesh.ts';
import { type CallResult, callsOf, type NamedCall, placeOf, showResults } from './mesh-calls.ts';

/** What to check, and how to tell. */
export interface MeshCheck {
  readonly directory: string;
  readonly output: OutputFormat;
  /** How long the mesh may take to become ready. */
  readonly seconds: number;
}

/**
 * Makes the calls of a folder's Traffic from inside the workloads of its mesh, which `start` starts once there are calls
 * to make, and tells expected from seen. Ends with 1 where they differ.
 */
export async function checkMesh(
  context: CommandContext,
  { directory, output, seconds }: MeshCheck,
  { start, signal }: { readonly start: () => Promise<LocalMesh>; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const loaded = await loadMesh([directory], context);
  const calls = callsOf(loaded, [directory]);
  const { model } = loaded;
  const progress = progressOn(context.stderr);
  try {
    progress.say('Starting the mesh');
    const mesh = await start();
    const { findings } = await awaitReady(mesh, { seconds, progress }, signal);
    progress.hide();
    warnOf(findings, context);
    let made = 0;
    const onSeen = (): void => progress.say(`Making the calls of ${directory} (${(made += 1)} of ${calls.length})`);
    const exec = await podsOf(mesh, model);
    const seen = await runTraffic(calls, { exec, node: process.execPath, model, onSeen }, signal);
    signal.throwIfAborted();
    progress.hide();
    const results = seen.map((each, index) => resultOf(each, calls[index] as NamedCall, model));
    await show(context, output, results);
    return results.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    progress.hide();
  }
}

/** Where calls of a service account are made from: the pod that is named, else the first of its pods that runs now. */
export async function podsOf(mesh: LocalMesh, model: MeshModel): Promise<TrafficOptions['exec']> {
  const pods = await mesh.node.client.pods();
  return async ({ namespace, serviceAccount, pod: named }, command) => {
    const within = model.namespaces.get(namespace);
    const workloads = [...(within?.workloads.values() ?? [])];
    const names = new Set([
      ...(within?.outsiders.get(serviceAccount) ?? []),
      ...workloads
        .filter(workload => workload.serviceAccount === serviceAccount)
        .flatMap(({ pods: its }) => its.map(({ name }) => name)),
    ]);
    const mayCall = (name: string) => names.has(name) && (named === undefined || named === name);
    const pod = pods.find(({ namespace: its, name }) => its === namespace && mayCall(name));
    if (pod === undefined) return undefined;
    const { command: line, path } = await execInPod(mesh.runDirectory, pod, command);
    return { command: line, environment: { PATH: path } };
  };
}

function resultOf({ call, outcome, differences }: SeenCall, named: NamedCall, model: MeshModel): CallResult {
  const ok = differences.length === 0;
  const { traffic, name, expect } = named;
  return {
    traffic,
    name,
    ok,
    expected: describeExpectation(expect),
    seen: describeOutcome(outcome, expect),
    differences,
    message: ok ? whatPolicySays(call.call, model) : `${differences.join('; ')}. ${whatPolicySays(call.call, model)}`,
    ...placeOf(named),
  };
}

/** The reason in the policy, which is what somebody looks for whose call went another way. */
function whatPolicySays(call: NamedCall['call'], model: MeshModel): string {
  try {
    return decide(model, call).message;
  } catch (error) {
    if (error instanceof DependsOnPod) return error.message;
    throw error;
  }
}

async function show(context: CommandContext, output: OutputFormat, results: readonly CallResult[]): Promise<void> {
  if (output === 'text') return showResults(context, results);
  const { writeStructured } = await import('../output/write-structured.ts');
  await writeStructured(context.stdout, output, results);
}
