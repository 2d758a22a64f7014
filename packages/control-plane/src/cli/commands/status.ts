import type { MeshStatus } from '../../api/mesh-status.ts';
import type { CliCommand, CommandContext } from '../cli-command.ts';
import { addExamples, type OutputFormat, outputOption } from '../options.ts';
import { painter } from '../output/paint.ts';
import type { WouldBeDenied } from '../run/would-be-denied.ts';
import { isReady } from './up.ts';

/** Milliseconds that a controller that is being started again may take. */
const patience = 5000;

/** `heddle status`: how far a running mesh has come. */
export const statusCommand: CliCommand = {
  name: 'status',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Show a running mesh: its workloads with their modes and what audit counts, whether each sidecar has what it is to have, each object of policy with its ' +
          'conditions and how many sidecars have it since when, and what is wrong. Ends with exit code 1 where a pod is not ready, a sidecar lacks something, or ' +
          'there is an error finding.',
      )
      .summary('show sync state of sidecars and objects')
      .addOption(outputOption())
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, ['heddle status', 'heddle status -o json']);
  },
  run: async (context, command) => {
    const { output, run } = command.opts<{ output: OutputFormat; run?: string }>();
    const [{ findRun }, { readStatus }, { controllerSocket }] = await Promise.all([
      import('../run/find-run.ts'),
      import('../../api/client.ts'),
      import('../../local/host/run-layout.ts'),
    ]);
    const directory = await findRun(context, run);
    const status = await readStatus(controllerSocket(directory), patience);
    const denied = await wouldBeDenied(status, directory);
    if (output === 'text') await showText(context, status, denied);
    else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(context.stdout, output, await view(status, denied));
    }
    return isWell(status) ? 0 : 1;
  },
};

/** What sidecars have let in that policy would deny, by key of the workload; nobody is asked where none is in `audit`. */
async function wouldBeDenied({ workloads, sidecars }: MeshStatus, directory: string): Promise<Denied> {
  if (!workloads.some(({ modes }) => modes.policy === 'audit')) return new Map();
  const [{ readWouldBeDenied }, { NodeClient }, { nodeSocket }] = await Promise.all([
    import('../run/would-be-denied.ts'),
    import('../../local/controller/node-client.ts'),
    import('../../local/node/node.ts'),
  ]);
  const signal = AbortSignal.timeout(patience);
  const byPod = await readWouldBeDenied(await new NodeClient(nodeSocket(directory)).pods(signal), signal);
  const byWorkload = new Map<string, WouldBeDenied>();
  for (const { namespace, pod, workload } of sidecars) {
    const before = byWorkload.get(workload) ?? { requests: 0, connections: 0 };
    const { requests, connections } = byPod.get(`${namespace}/${pod}`) ?? { requests: 0, connections: 0 };
    byWorkload.set(workload, {
      requests: before.requests + requests,
      connections: before.connections + connections,
    });
  }
  return byWorkload;
}

type Denied = ReadonlyMap<string, WouldBeDenied>;

function isWell(status: MeshStatus): boolean {
  const { findings, failing } = status;
  return isReady(status) && failing.length === 0 && !findings.some(({ severity }) => severity === 'error');
}

async function showText({ stdout, config }: CommandContext, status: MeshStatus, denied: Denied): Promise<void> {
  const [tables, { findingLine, fromHere }] = await Promise.all([
    import('../output/show-status.ts'),
    import('../output/show-findings.ts'),
  ]);
  const paint = painter(stdout, config);
  const now = new Date();
  const parts = [
    tables.workloadTable(status, paint, denied),
    tables.unreadyTable(status, paint),
    tables.sidecarTable(status, paint, now),
    tables.objectTable(status, paint, now),
    tables.failureLines(status, paint),
    status.findings.map(finding => findingLine(fromHere(finding), paint)).join('\n'),
  ];
  stdout.write(`${parts.filter(part => part !== '').join('\n\n')}\n`);
}

/** The status with findings as every command writes them, and what would be denied where policy is `audit`. */
async function view({ findings, ...status }: MeshStatus, denied: Denied): Promise<object> {
  const { viewFinding } = await import('../output/show-findings.ts');
  const workloads = status.workloads.map(workload => {
    const isAudited = workload.modes.policy === 'audit';
    const counted = denied.get(`${workload.namespace}/${workload.name}`);
    return { ...workload, wouldBeDenied: isAudited ? (counted ?? null) : null };
  });
  return { ...status, workloads, findings: findings.map(viewFinding) };
}
