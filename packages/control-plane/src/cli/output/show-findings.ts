import { relative } from 'node:path';
import { type Finding, printable, type Severity } from '@heddle/mesh';
import type { CommandContext } from '../cli-command.ts';
import type { LoadedMesh } from '../files/load-mesh.ts';
import { type Paint, painter, type TextStyle } from './paint.ts';

/** A finding as it is written in JSON and YAML: what is not known is null. */
export interface FindingView {
  readonly code: string;
  readonly reason: string;
  readonly severity: Severity;
  readonly object: Finding['object'] | null;
  readonly field: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

/** A finding with all its fields. */
export function viewFinding(finding: Finding): FindingView {
  const {
    code,
    reason,
    severity,
    object = null,
    field = null,
    file = null,
    line = null,
    column = null,
    message,
  } = finding;
  return { code, reason, severity, object, field, file, line, column, message };
}

const styles: Readonly<Record<Severity, TextStyle>> = { error: ['bold', 'red'], warning: 'yellow', info: 'cyan' };

/** A finding as compilers write them: `file:line:column severity CODE Reason: sentence`, with as much of the place as is known. */
export function findingLine(finding: Finding, paint: Paint): string {
  const { file, line, column, severity, code, reason, message, object } = finding;
  const place = [file, line, column].filter(part => part !== undefined).join(':');
  const subject =
    object === undefined ? '' : `${object.kind} ${object.namespace === '' ? '' : `${object.namespace}/`}${object.name}`;
  return `${paint('bold', printable(place === '' ? subject : place))} ${paint(styles[severity], severity)} ${code} ${reason}: ${message}`;
}

/** How much was read and found: `3 objects, 1 error, 2 warnings`. */
export function summaryLine(objects: number, findings: readonly Finding[]): string {
  const count = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
  return [
    plural(objects, 'object'),
    plural(errors, 'error'),
    plural(warnings, 'warning'),
    ...(infos > 0 ? [plural(infos, 'note')] : []),
  ].join(', ');
}

/** Says on standard error which errors stand in the input of a question: the answer is true of what is left. */
export function warnOfErrors({ findings }: LoadedMesh, { stderr, config }: CommandContext): void {
  const paint = painter(stderr, config);
  for (const finding of findings) if (finding.severity === 'error') stderr.write(`${findingLine(finding, paint)}\n`);
}

/** Says on standard error what is wrong with the input of a running mesh: errors and warnings. */
export function warnOf(findings: readonly Finding[], { stderr, config }: CommandContext): void {
  const paint = painter(stderr, config);
  for (const finding of findings) {
    if (finding.severity !== 'info') stderr.write(`${findingLine(fromHere(finding), paint)}\n`);
  }
}

/** A finding whose file is named from the working directory, if it is below it: a controller names files in full. */
export function fromHere(finding: Finding): Finding {
  if (finding.file === undefined) return finding;
  const short = relative(process.cwd(), finding.file);
  return { ...finding, file: short.startsWith('..') ? finding.file : short };
}

/** `1 object`, `2 objects`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
