import type { TokenReviewer } from '../../kube/token-review.ts';
import { sidecarNodeId } from '../../sidecar/bootstrap.ts';
import type { Prove } from '../../xds/server.ts';

/** What it takes to know a sidecar. */
export interface ProveSidecarOptions {
  readonly reviewer: Pick<TokenReviewer, 'review'>;
  /** The uid of a pod as the API server has it now; undefined for one that is not known yet. */
  readonly uidOf: (namespace: string, pod: string) => string | undefined;
}

const nodeId = /^sidecar~([^~]+)~([^~.]+(?:\.[^~.]+)*)\.([^~.]+)~[^~]*$/;

/**
 * Makes what says whose sidecar a stream is: that of the pod which its token is bound to. The node id that it claims can only
 * agree with that, and name the address; a claim of another pod's address leads to no configuration, since nobody is
 * published under it.
 */
export function proveSidecar({ reviewer, uidOf }: ProveSidecarOptions): Prove {
  return async ({ nodeId: claimed = '', authorization = '' }) => {
    const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return { refused: 'a sidecar shows a token: authorization: Bearer …' };
    const verdict = await reviewer.review(token);
    if ('refused' in verdict) return verdict;
    const { namespace, pod, podUid } = verdict;
    const known = uidOf(namespace, pod);
    if (known !== undefined && known !== podUid)
      return { refused: `the token is of an earlier pod ${namespace}/${pod}` };
    const [, ip = '', name, ofNamespace] = nodeId.exec(claimed) ?? [];
    if (name !== pod || ofNamespace !== namespace) {
      return { refused: `the token is of the pod ${namespace}/${pod}, not of node ${JSON.stringify(claimed)}` };
    }
    return { node: sidecarNodeId({ ip, name: pod, namespace }) };
  };
}
