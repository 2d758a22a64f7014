/** What the API server asks a webhook, and what it takes for an answer: one JSON object each way. */
import { isRecord, type JsonRecord } from '../sources/record.ts';

/** A review that is not one: the API server, or whoever asked, is told with 400. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
}

/** The request of a review with its `uid`, which the answer must carry back. */
export interface ReviewRequest extends JsonRecord {
  readonly uid: string;
}

/**
 * The `request` of a review of some kind in version v1.
 * @throws ReviewError
 */
export function requestOf(review: unknown, apiVersion: string, kind: string): ReviewRequest {
  if (!isRecord(review) || review['apiVersion'] !== apiVersion || review['kind'] !== kind) {
    throw new ReviewError(`A ${kind} of ${apiVersion} is expected.`);
  }
  const { request } = review;
  if (!isRecord(request) || !isReview(request)) throw new ReviewError(`The ${kind} has no request with a uid.`);
  return request;
}

function isReview(request: JsonRecord): request is ReviewRequest {
  return typeof request['uid'] === 'string' && request['uid'] !== '';
}
