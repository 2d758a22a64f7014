import { createHash } from 'node:crypto';
import type { ApiClient } from './api-client.ts';

/** Whose a token is: a service account, by way of a pod. */
export interface PodToken {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: string;
  readonly podUid: string;
}

/** What a review found. */
export type TokenVerdict = PodToken | { readonly refused: string };

interface Review {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: {
      readonly username?: string;
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

const accountName = /^system:serviceaccount:([^:]+):([^:]+)$/;
const podKey = 'authentication.kubernetes.io/pod-name';
const uidKey = 'authentication.kubernetes.io/pod-uid';

/** Milliseconds for which a token that was found good counts as such: the pod that it is bound to may be gone by then. */
const rememberedFor = 30_000;
const mostRemembered = 20_000;

/**
 * Asks the API server whose tokens are (TokenReview, Kubernetes authentication.k8s.io/v1). Good ones are remembered for a
 * moment, so that a thousand sidecars that come back at once are no thousand questions more than once.
 */
export class TokenReviewer {
  readonly #client: Pick<ApiClient, 'json'>;
  readonly #audience: string;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly token: PodToken; readonly until: number }>();

  /** @param now milliseconds of a clock that is never set; default `performance.now` */
  constructor(client: Pick<ApiClient, 'json'>, audience: string, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#audience = audience;
    this.#now = now;
  }

  /** Rejects where the API server can't be asked. */
  async review(token: string): Promise<TokenVerdict> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined && known.until > this.#now()) return known.token;
    this.#known.delete(key);
    const verdict = await this.#ask(token);
    if (!('refused' in verdict)) this.#remember(key, verdict);
    return verdict;
  }

  async #ask(token: string): Promise<TokenVerdict> {
    const { status } = await this.#client.json<Review>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [this.#audience] },
      },
    });
    if (status?.authenticated !== true)
      return { refused: `the token is not valid${status?.error ? `: ${status.error}` : ''}` };
    // A server that knows no audiences leaves them out: its answer says nothing of whom the token is for.
    if (status.audiences?.includes(this.#audience) !== true) return { refused: 'the token is for another audience' };
    const [, namespace, serviceAccount] = accountName.exec(status.user?.username ?? '') ?? [];
    const [pod] = status.user?.extra?.[podKey] ?? [];
    const [podUid] = status.user?.extra?.[uidKey] ?? [];
    if (namespace === undefined || serviceAccount === undefined)
      return { refused: 'the token is not of a service account' };
    if (pod === undefined || podUid === undefined) return { refused: 'the token is not bound to a pod' };
    return { namespace, serviceAccount, pod, podUid };
  }

  #remember(key: string, token: PodToken): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < mostRemembered) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, { token, until: this.#now() + rememberedFor });
  }
}
