/**
 * Who a sidecar is, by the token that its pod was given: what it shows in, the pod that the token is bound to out. The API server
 * is asked about each token; what a sidecar says of itself is not. It must not know how the API server is reached, nor what is
 * then served.
 */
import { hash } from 'node:crypto';

/** `status` of a TokenReview (authentication.k8s.io/v1). */
export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly audiences?: readonly string[];
  readonly user?: {
    readonly username?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** The pod that a token is bound to. */
export interface ProvenPod {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly name: string;
  readonly uid: string;
}

/** Why nobody is let in. `retryable`: it is not the token's fault. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly code = 'AUTHENTICATION';
  readonly retryable: boolean;

  constructor(message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.retryable = options.retryable ?? false;
  }
}

/** What it takes. */
export interface TokenAuthenticatorOptions {
  /** Asks the API server about a token, for an audience; rejects where it can't be asked. */
  readonly review: (token: string, audience: string) => Promise<TokenReviewStatus>;
  readonly audience: string;
  readonly now: () => Date;
  /** For how long an answer counts; default 60 s for a pod, 5 s for a refusal. */
  readonly rememberMs?: { readonly pod: number; readonly refusal: number };
}

/** A token of Kubernetes is well below. */
const longestToken = 16_384;
const mostRemembered = 20_000;
/** Above it whoever asks is to come again: one who sends many bad tokens must not keep the API server busy. */
const mostReviews = 64;

interface Answer {
  readonly pod?: ProvenPod;
  readonly refusal?: AuthenticationError;
  readonly until: number;
}

/** Remembers answers for a while, and asks once about a token that many streams show. */
export class TokenAuthenticator {
  readonly #options: TokenAuthenticatorOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(options: TokenAuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The pod of an `Authorization` header. Tokens are not kept: only what they hash to is.
   * @throws AuthenticationError
   */
  async authenticate(authorization: string | undefined): Promise<ProvenPod> {
    const token = /^bearer +([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new AuthenticationError('no bearer token is shown');
    if (token.length > longestToken) throw new AuthenticationError('the token is too long');
    const key = hash('sha256', token);
    const { pod, refusal } = this.#remembered(key) ?? (await this.#ask(key, token));
    if (pod === undefined) throw refusal ?? new AuthenticationError('the token is of nobody');
    return pod;
  }

  #remembered(key: string): Answer | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined || answer.until > this.#options.now().getTime()) return answer;
    this.#answers.delete(key);
    return undefined;
  }

  #ask(key: string, token: string): Promise<Answer> {
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    if (this.#asking.size >= mostReviews) {
      throw new AuthenticationError('too many tokens are being reviewed', { retryable: true });
    }
    const asked = this.#review(token).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked.then(answer => {
      this.#remember(key, answer);
      return answer;
    });
  }

  async #review(token: string): Promise<Answer> {
    const { review, audience, now, rememberMs = { pod: 60_000, refusal: 5000 } } = this.#options;
    let status: TokenReviewStatus;
    try {
      status = await review(token, audience);
    } catch (cause) {
      throw new AuthenticationError('the API server can not be asked about the token', { cause, retryable: true });
    }
    const proven = podOf(status, audience);
    if (typeof proven === 'string') {
      return { refusal: new AuthenticationError(proven), until: now().getTime() + rememberMs.refusal };
    }
    return { pod: proven, until: now().getTime() + rememberMs.pod };
  }

  #remember(key: string, answer: Answer): void {
    if (this.#answers.size >= mostRemembered) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    this.#answers.set(key, answer);
  }
}

/** The pod, or why it is none. */
function podOf(
  { authenticated, error, audiences = [], user }: TokenReviewStatus,
  audience: string,
): ProvenPod | string {
  if (authenticated !== true) return `the API server does not accept the token${error ? `: ${error}` : ''}`;
  // A server that knows no audiences leaves them out: its tokens are good for everything, so they prove nothing here.
  if (!audiences.includes(audience)) return `the token is not for ${audience}`;
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user?.username ?? '');
  const [, namespace, serviceAccount] = account ?? [];
  if (namespace === undefined || serviceAccount === undefined) return 'the token is not of a service account';
  const one = (key: string): string | undefined => {
    const values = user?.extra?.[`authentication.kubernetes.io/${key}`] ?? [];
    return values.length === 1 ? values[0] : undefined;
  };
  const [name, uid] = [one('pod-name'), one('pod-uid')];
  if (!name || !uid) return 'the token is not bound to a pod';
  return { namespace, serviceAccount, name, uid };
}
