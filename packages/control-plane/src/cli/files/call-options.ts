import type { Call, Verdict } from '@heddle/mesh';
import type { Command } from 'commander';
import { type CommandContext, UsageError } from '../cli-command.ts';
import { readHeader } from '../options.ts';
import type { LoadedMesh } from './load-mesh.ts';

/** How a call is described on the command line. */
export interface CallOptions {
  readonly from: string;
  readonly to: string;
  readonly protocol: Call['protocol'];
  readonly method: string;
  readonly path: string;
  readonly header?: readonly (readonly [string, string])[];
}

const from = ['--from <caller>', 'who calls: NAMESPACE/SERVICEACCOUNT or pod/NAMESPACE/NAME'] as const;
const to = [
  '--to <service>',
  'whom: SERVICE[.NAMESPACE][:PORT], the namespace being the caller’s unless given',
] as const;

/** Adds the options that describe a call; where it is `optional`, both of `--from` and `--to` may be left out. */
export function addCallOptions(command: Command, { optional = false } = {}): Command {
  if (optional) command.option(...from).option(...to);
  else command.requiredOption(...from).requiredOption(...to);
  return command
    .addOption(
      command.createOption('--protocol <name>', 'what it speaks').choices(['http', 'grpc', 'tcp']).default('http'),
    )
    .option('--method <method>', 'HTTP method', 'GET')
    .option('--path <path>', 'HTTP path, with a query if there is one', '/')
    .option('-H, --header <header>', "HTTP header, 'name: value'; can be repeated", readHeader);
}

/** The call that is described. Throws `UsageError` where a mesh has no such caller or destination. */
export async function readCall(options: CallOptions, mesh: LoadedMesh, context: CommandContext): Promise<Call> {
  const { findCaller, findDestination } = await import('./find-call.ts');
  const { protocol, method, path, header = [] } = options;
  const caller = findCaller(options.from, mesh);
  if (caller.note !== undefined) context.stderr.write(`${caller.note}\n`);
  const destination = findDestination(options.to, caller.from.namespace, mesh);
  return { from: caller.from, to: destination, protocol, method, path, headers: header };
}

/** What becomes of a call. Throws `UsageError` where there is no one answer. */
export async function decideCall({ model }: LoadedMesh, call: Call): Promise<Verdict> {
  const { decide, DependsOnPod } = await import('@heddle/mesh');
  try {
    return decide(model, call);
  } catch (error) {
    if (error instanceof DependsOnPod) throw new UsageError(error.message);
    throw error;
  }
}
