import { printable } from '@heddle/mesh';
import { formatPath } from '@heddle/smi';
import type { Traffic, TrafficCall } from '../../traffic/traffic.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';
import { painter } from '../output/paint.ts';
import { plural } from '../output/show-findings.ts';
import type { LoadedMesh } from './load-mesh.ts';

/** A call, and the Traffic object that describes it. */
export type NamedCall = TrafficCall & { readonly traffic: string };

/** What one call is expected to see, and what it sees or would see. */
export interface CallResult {
  readonly traffic: string;
  readonly name: string;
  readonly ok: boolean;
  readonly expected: string;
  /** Null where there is no one answer. */
  readonly seen: string | null;
  /** What differs; empty when `ok`. */
  readonly differences: readonly string[];
  /** Why, in one sentence. */
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** The calls of all Traffic objects. Throws `UsageError` where there is none, and where one is malformed. */
export function callsOf({ traffic }: LoadedMesh, paths: readonly string[]): readonly NamedCall[] {
  if (traffic.length === 0) throw new UsageError(`There is no object of kind Traffic in ${paths.join(', ')}.`);
  const problems = traffic.flatMap(problemLines);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return traffic.flatMap(({ name, calls }) => calls.map(call => ({ ...call, traffic: name })));
}

/** Where a call stands: its part of a result. */
export function placeOf({ source, path }: TrafficCall): Pick<CallResult, 'file' | 'line'> {
  const { file = null, line = null } = source.locate?.(path) ?? {};
  return { file, line };
}

/** Writes results one a line, and how many there were on standard error. */
export function showResults({ stdout, stderr, config }: CommandContext, results: readonly CallResult[]): void {
  const paint = painter(stdout, config);
  for (const { ok, name, expected, seen, message, file, line } of results) {
    const mark = ok ? paint('green', 'ok  ') : paint(['bold', 'red'], 'FAIL');
    stdout.write(`${mark} ${printable(name)}: expected ${expected}; seen ${seen ?? 'no single answer'}\n`);
    if (!ok) stdout.write(`     ${printable(message)}${file === null ? '' : ` (${file}:${line})`}\n`);
  }
  const failed = results.filter(({ ok }) => !ok).length;
  stderr.write(`${plural(results.length, 'call')}, ${results.length - failed} ok, ${failed} failed\n`);
}

function problemLines({ name, source, problems }: Traffic): string[] {
  return problems.map(({ path, message }) => {
    const place = source.locate?.(path);
    const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column} `;
    return `${where}Traffic ${name} ${formatPath(path)}: ${message}`;
  });
}
