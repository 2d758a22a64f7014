/**
 * The conversion webhook: a ConversionReview in, the same objects of another version out. Pure. It knows objects, nothing of
 * the mesh: every replica answers alike, also before it knows a cluster.
 */
import { convert } from '@heddle/smi';
import { isRecord, type JsonRecord } from '../sources/record.ts';
import { ReviewError, requestOf } from './review.ts';

const apiVersion = 'apiextensions.k8s.io/v1';

/** An answer to the API server, as it is sent. */
export interface ConversionReview {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ConversionReview';
  readonly response: {
    readonly uid: string;
    /** In the order of the request; empty where one of them can't be converted. */
    readonly convertedObjects: readonly unknown[];
    readonly result: { readonly status: 'Success' } | { readonly status: 'Failure'; readonly message: string };
  };
}

/**
 * Answers a ConversionReview. Order, uid and all metadata but annotations stay as they are, which the API server requires.
 * One object that can't be converted fails the review, as the API has it: the message names each that can't, and why.
 * @throws ReviewError for what is no ConversionReview
 */
export function reviewConversion(review: unknown): ConversionReview {
  const { uid, desiredAPIVersion: wanted, objects } = requestOf(review, apiVersion, 'ConversionReview');
  if (typeof wanted !== 'string' || !Array.isArray(objects)) {
    throw new ReviewError('The request needs desiredAPIVersion and a list of objects.');
  }
  const results = objects.map((object: unknown) => convertOne(object, wanted));
  const failures = results.flatMap(result => ('failure' in result ? [result.failure] : []));
  const converted = results.flatMap(result => ('object' in result ? [result.object] : []));
  return {
    apiVersion,
    kind: 'ConversionReview',
    response:
      failures.length > 0
        ? { uid, convertedObjects: [], result: { status: 'Failure', message: failures.join(' ') } }
        : { uid, convertedObjects: converted, result: { status: 'Success' } },
  };
}

type OneResult = { readonly object: unknown } | { readonly failure: string };

function convertOne(written: unknown, wanted: string): OneResult {
  const named = withName(written);
  const { object, violations } = convert(named, wanted);
  if (object === undefined) {
    return { failure: `${nameOf(written)}: ${violations.map(({ message }) => message).join(' ')}` };
  }
  return { object: named === written ? object : { ...object, metadata: withoutName(object.metadata) } };
}

/** Stands for a name that the API server has yet to generate. */
const placeholder = 'unnamed';

/** An object that is being made from `generateName` may be converted before it has a name. */
function withName(object: unknown): unknown {
  if (!isRecord(object) || !isRecord(object['metadata'])) return object;
  const { metadata } = object;
  const { name, generateName } = metadata;
  const isToBeNamed = (name === undefined || name === '') && typeof generateName === 'string';
  return isToBeNamed ? { ...object, metadata: { ...metadata, name: placeholder } } : object;
}

function withoutName(metadata: object): object {
  const { name: _, ...rest } = metadata as JsonRecord;
  return rest;
}

function nameOf(object: unknown): string {
  if (!isRecord(object)) return 'An object that is none';
  const { kind, metadata } = object;
  const { namespace, name, generateName } = isRecord(metadata) ? metadata : {};
  const id = [namespace, name ?? generateName].filter(part => typeof part === 'string').join('/');
  return `${typeof kind === 'string' ? kind : 'An object'} ${id || 'without a name'}`;
}
