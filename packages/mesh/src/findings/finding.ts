import { type FieldPath, formatPath, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import { catalogue, type Reason, type Severity } from './catalogue.ts';
import { printable } from './printable.ts';

/** One thing said about the user's input: what is wrong, where, and what to do. Plain data. */
export interface Finding {
  /** `SMI` and four digits; never reused (see the catalogue). */
  readonly code: string;
  readonly reason: Reason;
  readonly severity: Severity;
  /** The object it is about; absent when the text could not be read as an object at all. */
  readonly object?: ObjectRef;
  /** The field, as `spec.backends[0].weight`. */
  readonly field?: string;
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Counted from 1. */
  readonly column?: number;
  /** One sentence that says what is wrong and what to do; it may be shown on a terminal, whatever the input holds. */
  readonly message: string;
}

/** A finding about a field of an object. */
export function findingAt(reason: Reason, source: SourceObject, path: FieldPath, message: string): Finding {
  return {
    ...classify(reason),
    object: refOf(source.object),
    ...(path.length > 0 && { field: formatPath(path) }),
    ...source.locate?.(path),
    message: printable(message),
  };
}

/** A finding about a place in a file that holds no readable object. */
export function findingInFile(
  reason: Reason,
  place: { file: string; line?: number; column?: number },
  message: string,
): Finding {
  return { ...classify(reason), ...place, message: printable(message) };
}

/** Orders findings by file, line, object, field and code, so that no output depends on the order of the input. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    compare(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compare(objectKey(a), objectKey(b)) ||
    compare(a.field ?? '', b.field ?? '') ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  );
}

function classify(reason: Reason): Pick<Finding, 'code' | 'reason' | 'severity'> {
  const { code, severity } = catalogue[reason];
  return { code, reason, severity };
}

function objectKey({ object }: Finding): string {
  return object === undefined ? '' : `${object.namespace}/${object.kind}/${object.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
