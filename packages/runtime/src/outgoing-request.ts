/** What is said to `fetch`, as far as it decides how a request is made. */
export interface OutgoingRequest {
  readonly method: string;
  /** `undefined` where it is no URL: `fetch` will say so. */
  readonly url: URL | undefined;
  readonly headers: Headers;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
  /** Whether it can be sent again as it was: a body that is a stream is consumed by the first try. */
  readonly isRepeatable: boolean;
}

/** Reads the arguments of `fetch` as `fetch` does: what `init` says counts before what the Request says. */
export function outgoingRequest(input: string | URL | Request, init: RequestInit = {}): OutgoingRequest {
  const text = typeof input === 'string' ? input : input instanceof URL ? input.href : undefined;
  const request = text === undefined ? (input as Request) : undefined;
  const signal = init.signal === undefined ? request?.signal : init.signal;
  return {
    method: init.method ?? request?.method ?? 'GET',
    url: URL.parse(text ?? request?.url ?? '') ?? undefined,
    headers: new Headers(init.headers ?? request?.headers),
    signal: signal ?? undefined,
    isRepeatable: init.body === undefined || init.body === null ? !request?.body : isKept(init.body),
  };
}

/** Whether a body is still there once it was sent. */
function isKept(body: unknown): boolean {
  return (
    typeof body === 'string' ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams
  );
}
