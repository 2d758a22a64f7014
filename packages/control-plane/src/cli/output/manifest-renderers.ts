import { type RenderManifests, renderGatewayApi, renderIstio, renderLinkerd } from '@heddle/mesh';
import type { translationTargets } from '../commands/translate.ts';

/** What renders for each target of `heddle translate`. */
export const renderers: Readonly<Record<(typeof translationTargets)[number], RenderManifests>> = {
  'gateway-api': renderGatewayApi,
  istio: renderIstio,
  linkerd: renderLinkerd,
};
