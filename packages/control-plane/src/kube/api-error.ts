/** An API server answered that it won't, or could not be asked. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Kubernetes' word for it, such as `NotFound`, `Conflict`, `Expired`; `Unreachable` where there was no answer. */
  readonly code: string;
  /** Seconds after which the server wants to be asked again, where it said so. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    { status, code, retryAfter, cause }: { status: number; code: string; retryAfter?: number; cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later, although nobody mends anything. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether the server no longer knows the resource version or continuation that it was asked about. */
  get isExpired(): boolean {
    return this.status === 410 || this.code === 'Expired' || this.code === 'Gone';
  }
}

/** The error that a `metav1.Status` describes; it comes as the body of an answer, or as an event of a watch. */
export function errorOfStatus(httpStatus: number, body: unknown): ApiError {
  const status = isRecord(body) ? body : {};
  const { message, reason, code, details } = status;
  const number = typeof code === 'number' && code !== 0 ? code : httpStatus;
  const seconds = isRecord(details) ? details['retryAfterSeconds'] : undefined;
  return new ApiError(typeof message === 'string' && message !== '' ? message : `the API server answered ${number}`, {
    status: number,
    code: typeof reason === 'string' && reason !== '' ? reason : String(number),
    ...(typeof seconds === 'number' && { retryAfter: seconds }),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
