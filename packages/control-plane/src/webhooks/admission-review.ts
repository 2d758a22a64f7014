/** The envelope of admission: an AdmissionReview in, what was decided of it out. Pure. */
import { isRecord, type JsonRecord } from '../sources/record.ts';
import { ReviewError, type ReviewRequest, requestOf } from './review.ts';

const apiVersion = 'admission.k8s.io/v1';

/** What somebody wants to do to an object. */
export interface AdmissionRequest {
  readonly operation: string;
  /** Empty for what belongs to the cluster. */
  readonly namespace: string;
  readonly object: JsonRecord;
  /** What the object is before an UPDATE. */
  readonly before?: JsonRecord;
}

/** Why an object is refused: what `metav1.Status` holds. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes?: readonly Cause[];
}

/** One of several things that are wrong. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** One step of a JSON patch (RFC 6902). */
export interface PatchStep {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** What becomes of a request: it is allowed unless there is a refusal. */
export interface Admission {
  readonly refusal?: Refusal;
  readonly warnings?: readonly string[];
  readonly patch?: readonly PatchStep[];
}

/** An answer to the API server, as it is sent. */
export interface AdmissionReview {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'AdmissionReview';
  readonly response: JsonRecord;
}

/** The request of an AdmissionReview, with the `uid` that its answer carries. Throws `ReviewError`. */
export function readAdmission(review: unknown): { readonly uid: string; readonly request: AdmissionRequest } {
  const request: ReviewRequest = requestOf(review, apiVersion, 'AdmissionReview');
  const { uid, operation, namespace, object, oldObject } = request;
  if (typeof operation !== 'string' || !isRecord(object)) {
    throw new ReviewError('The request needs an operation and an object.');
  }
  return {
    uid,
    request: {
      operation,
      namespace: typeof namespace === 'string' ? namespace : '',
      object,
      ...(isRecord(oldObject) && { before: oldObject }),
    },
  };
}

/** The answer to a request. */
export function answerAdmission(uid: string, { refusal, warnings = [], patch = [] }: Admission): AdmissionReview {
  const response = {
    uid,
    allowed: refusal === undefined,
    ...(refusal !== undefined && { status: statusOf(refusal) }),
    ...(warnings.length > 0 && { warnings: shortened(warnings) }),
    ...(refusal === undefined &&
      patch.length > 0 && {
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }),
  };
  return { apiVersion, kind: 'AdmissionReview', response };
}

function statusOf({ code, reason, message, causes = [] }: Refusal): JsonRecord {
  return {
    status: 'Failure',
    code,
    reason,
    message,
    ...(causes.length > 0 && { details: { causes } }),
  };
}

/** Kubernetes drops warnings beyond 4096 bytes together; one that is cut is better than one that is not heard. */
const mostCharacters = 1800;

function shortened(warnings: readonly string[]): readonly string[] {
  let left = mostCharacters;
  const said = warnings.filter(warning => {
    left -= warning.length;
    return left >= 0;
  });
  const more = warnings.length - said.length;
  return more === 0 ? said : [...said, `There are ${more} more warnings: heddle validate tells them all.`];
}
