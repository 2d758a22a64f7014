/**
 * The validating webhook: an object that somebody wants to write in, what `heddle validate` says of it out. What can never be
 * valid (a finding of severity `error`) is refused, with all of it at once; what may become valid is a warning. Nothing is
 * written anywhere, so a dry run is no different.
 */
import { isDeepStrictEqual } from 'node:util';
import { compareFindings, type Finding, type MeshSettings } from '@heddle/mesh';
import { type KubeObject, kindOf } from '@heddle/smi';
import { isRecord, type JsonRecord } from '../sources/record.ts';
import type { Admission, AdmissionRequest } from './admission-review.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What judges objects. */
export interface Judge {
  readonly rehearsal: Pick<Rehearsal, 'findings'>;
  readonly settings: () => MeshSettings;
}

/** Decides on one request. */
export function validateObject(request: AdmissionRequest, { rehearsal, settings }: Judge): Admission {
  const object = objectOf(request);
  if (object === undefined || kindOf(object.apiVersion, object.kind)?.policy !== true) return {};
  const findings = rehearsal.findings({ object }, settings()).toSorted(compareFindings);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning').map(sentenceOf);
  if (errors.length === 0) return { warnings };
  if (isSettled(request)) return { warnings: [...errors.map(sentenceOf), ...warnings] };
  return {
    refusal: {
      code: 422,
      reason: 'Invalid',
      message: errors.map(sentenceOf).join('\n'),
      causes: errors.map(({ reason, field, message }) => ({ reason, message, ...(field !== undefined && { field }) })),
    },
    warnings,
  };
}

/**
 * What was stored before this webhook was there is not refused for what it said already: somebody who takes a finalizer or
 * a label off it, or deletes it, must not have to mend it first.
 */
function isSettled({ before, object }: AdmissionRequest): boolean {
  if (before === undefined) return false;
  const isGoing = isRecord(object['metadata']) && typeof object['metadata']['deletionTimestamp'] === 'string';
  return isGoing || isDeepStrictEqual(contentOf(before), contentOf(object));
}

function contentOf(object: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(object).filter(([field]) => field !== 'metadata' && field !== 'status'));
}

/** The object with the namespace of the request, which it need not say itself. */
function objectOf({ object, namespace }: AdmissionRequest): KubeObject | undefined {
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isRecord(metadata)) return undefined;
  const own = metadata['namespace'] ?? (namespace === '' ? undefined : namespace);
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : metadata['generateName'];
  const named = { ...metadata, name, ...(own !== undefined && { namespace: own }) };
  return { ...object, apiVersion, kind, metadata: named as unknown as KubeObject['metadata'] };
}

function sentenceOf({ field, reason, code, message }: Finding): string {
  return `${field === undefined ? '' : `${field}: `}${message} (${reason}, ${code})`;
}
