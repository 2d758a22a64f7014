import type { RetryOn } from './config.ts';

/** Why a try brought no answer: nobody there, an answer that broke off, a stream that the server did not begin, no answer in time. */
export type Failure = 'connect-failure' | 'reset' | 'refused-stream' | 'timeout';

const connectCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const resetCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT']);

/** What went wrong on the network, from what `fetch` rejects with; `undefined`: the request itself is at fault. */
export function failureOf(error: unknown): Failure | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  if (/REFUSED_STREAM/.test(cause.message)) return 'refused-stream';
  const code = 'code' in cause ? String(cause.code) : '';
  if (connectCodes.has(code) || ('syscall' in cause && cause.syscall === 'connect')) return 'connect-failure';
  // All that a client of HTTP says of bytes that end too early or are no answer.
  if (resetCodes.has(code) || code.startsWith('HPE_') || code.startsWith('ERR_HTTP2_')) return 'reset';
  return undefined;
}

/**
 * Whether a policy repeats a try that ended in a status or a failure, as Envoy defines its conditions: `5xx` and `gateway-error`
 * hold for failures too, since those would become a 503 or 504; `reset` for each try without an answer; `retriable-4xx` is 409.
 */
export function isRetried(outcome: number | Failure, retryOn: readonly RetryOn[]): boolean {
  return retryOn.some(condition => {
    if (typeof condition === 'number') return condition === outcome;
    if (typeof outcome === 'number') return hasStatus(condition, outcome);
    return condition === outcome || condition === '5xx' || condition === 'gateway-error' || condition === 'reset';
  });
}

function hasStatus(condition: string, status: number): boolean {
  if (condition === '5xx') return status >= 500;
  if (condition === 'gateway-error') return status >= 502 && status <= 504;
  return condition === 'retriable-4xx' && status === 409;
}
