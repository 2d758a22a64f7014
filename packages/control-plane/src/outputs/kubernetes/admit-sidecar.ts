import { AuthenticationError, TokenAuthenticator, type TokenReviewStatus } from '../../identity/token-authenticator.ts';
import type { ApiClient } from '../../kube/api-client.ts';
import { sidecarNodeId } from '../../sidecar/bootstrap.ts';
import type { Authenticate } from '../../xds/server.ts';

/** What it takes to know a sidecar. */
export interface AdmitSidecarOptions {
  readonly client: Pick<ApiClient, 'json'>;
  /** Whom its token is for. */
  readonly audience: string;
  /** A pod as the API server has it now; undefined for one that is not known yet. */
  readonly podAt: (namespace: string, name: string) => KnownPod | undefined;
  readonly now: () => Date;
}

/** What is known of a pod. */
export interface KnownPod {
  readonly uid: string | undefined;
  /** Absent until it has one. */
  readonly ip: string | undefined;
}

/**
 * Makes what says whose sidecar a stream is: that of the pod which its token is bound to, as the API server says of the
 * token. A pod that has no address yet, or is too new to be known, is asked to come again.
 */
export function admitSidecar({ client, audience, podAt, now }: AdmitSidecarOptions): Authenticate {
  const authenticator = new TokenAuthenticator({
    audience,
    now,
    review: async token => await review(client, token, audience),
  });
  return async authorization => {
    try {
      const { namespace, name, uid } = await authenticator.authenticate(authorization);
      const pod = podAt(namespace, name);
      if (pod?.ip === undefined) {
        return { refusal: `the pod ${namespace}/${name} is not known yet, or has no address`, retryable: true };
      }
      if (pod.uid !== uid) return { refusal: `the token is of another pod ${namespace}/${name}`, retryable: true };
      return { node: sidecarNodeId({ ip: pod.ip, name, namespace }) };
    } catch (error) {
      if (error instanceof AuthenticationError) return { refusal: error.message, retryable: error.retryable };
      throw error;
    }
  };
}

async function review(client: Pick<ApiClient, 'json'>, token: string, audience: string): Promise<TokenReviewStatus> {
  const { status } = await client.json<{ readonly status?: TokenReviewStatus }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [audience] } },
  });
  return status ?? {};
}
