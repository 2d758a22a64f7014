import type { MeshModel } from '@heddle/mesh';
import { watchStatus } from '../api/client.ts';
import type { LocalMesh } from '../local/local-mesh.ts';
import { execInPod } from '../local/local-node.ts';
import { controllerSocket } from '../local/run-layout.ts';
import { describeExpectation, describeOutcome } from '../traffic/compare.ts';
import { runTraffic, type TrafficOptions } from '../traffic/run.ts';
import { type CommandContext, type ExitCode, UsageError } from './cli-command.ts';
import { loadMesh } from './load-mesh.ts';
import { isReady } from './up.ts';

/** Makes the calls of a folder's Traffic from inside the workloads of its mesh, and tells expected from seen. */
export async function checkMesh(
  context: CommandContext,
  { directory, mesh }: { readonly directory: string; readonly mesh: LocalMesh },
  signal: AbortSignal,
): Promise<ExitCode> {
  const { traffic, model } = await loadMesh([directory], context);
  const calls = traffic.flatMap(each => each.calls);
  if (calls.length === 0) throw new UsageError(`${directory} has no Traffic to check.`);
  for await (const status of watchStatus(controllerSocket(mesh.runDirectory), signal)) if (isReady(status)) break;
  const seen = await runTraffic(calls, { exec: await podsOf(mesh, model), node: process.execPath, model }, signal);
  for (const { call, outcome, differences } of seen) {
    const word = differences.length === 0 ? 'ok  ' : 'FAIL';
    context.stdout.write(
      `${word} ${call.name}: expected ${describeExpectation(call.expect)}; seen ${describeOutcome(outcome, call.expect)}\n`,
    );
  }
  const failed = seen.filter(({ differences }) => differences.length > 0).length;
  context.stderr.write(`${seen.length} calls, ${seen.length - failed} ok, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Where calls of a service account are made from: the first of its pods that runs now. */
export async function podsOf(mesh: LocalMesh, model: MeshModel): Promise<TrafficOptions['exec']> {
  const pods = await mesh.node.client.pods();
  return async ({ namespace, serviceAccount }, command) => {
    const workloads = [...(model.namespaces.get(namespace)?.workloads.values() ?? [])];
    const names = new Set(
      workloads
        .filter(workload => workload.serviceAccount === serviceAccount)
        .flatMap(({ pods: its }) => its.map(({ name }) => name)),
    );
    const pod = pods.find(({ namespace: its, name }) => its === namespace && names.has(name));
    if (pod === undefined) return undefined;
    const { command: line, path } = await execInPod(mesh.runDirectory, pod, command);
    return { command: line, environment: { PATH: path } };
  };
}
