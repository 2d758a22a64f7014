import type { Finding } from '@heddle/mesh';

/** Findings as a person reads them; `undefined` when there are none. */
export function viewFindings(findings: readonly Finding[]): object | undefined {
  if (findings.length === 0) return undefined;
  return findings.map(({ code, reason, severity, object, field, line, column, message }) => ({
    finding: `${severity} ${code} ${reason}`,
    ...(object !== undefined && { object: `${object.kind} ${object.namespace}/${object.name}` }),
    ...(field !== undefined && { field }),
    ...(line !== undefined && { at: `${line}:${column ?? 1}` }),
    message,
  }));
}
