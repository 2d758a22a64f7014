import type { InjectionSettings } from '../inject/settings.ts';
import { textOr } from './placeholder.ts';
import type { Values } from './values.ts';
import type { WebhookSettings } from './webhook-configurations.ts';

/** What an installation is called, and which Heddle it is. */
export interface Release {
  /** The namespace of the control plane. */
  readonly namespace: string;
  readonly version: string;
}

/** The Service and Deployment of the control plane. */
export const controllerName = 'mesh-controller';

/** Ports of the control plane: what people script against, and what sidecars and the API server use. */
export const controllerPorts = { metrics: 8080, discovery: 15_012, webhooks: 9443 } as const;

/** Whom tokens of sidecars are for. */
export const tokenAudience = 'heddle';

/** The image of a part of Heddle. */
export function imageOf({ image }: Values, name: string, { version }: Release): string {
  return `${image.registry}/${name}:${textOr(image.tag, version)}`;
}

/** How pods are injected; `nativeSidecars`: whether the API server has them, which counts for `auto`. */
export function injectionSettings(values: Values, release: Release, nativeSidecars: boolean): InjectionSettings {
  const serverName = `${controllerName}.${release.namespace}.svc`;
  return {
    meshName: values.meshName,
    systemNamespace: release.namespace,
    ignoredNamespaces: values.ignoredNamespaces,
    sidecarImage: values.sidecarImage,
    initImage: values.initImage === '' ? imageOf(values, 'heddle-init', release) : values.initImage,
    imagePullPolicy: values.image.pullPolicy,
    nativeSidecars: values.nativeSidecars === 'auto' ? nativeSidecars : values.nativeSidecars === 'always',
    logLevel: values.envoyLogLevel,
    concurrency: 2,
    resources: values.sidecarResources,
    drainSeconds: 10,
    controlPlane: {
      host: `${serverName}.${values.clusterDomain}`,
      serverName,
      port: controllerPorts.discovery,
    },
    tokenAudience,
    excludeInboundPorts: values.inboundPortExclusionList,
    excludeOutboundPorts: values.outboundPortExclusionList,
    excludeOutboundCidrs: values.outboundIPRangeExclusionList,
    version: release.version,
  };
}

/** How the API server knows the webhooks. */
export function webhookSettings(
  values: Values,
  { namespace }: Release,
  labels?: Readonly<Record<string, string>>,
): WebhookSettings {
  const { injector, validator } = values;
  return {
    meshName: values.meshName,
    target: { service: { namespace, name: controllerName, port: 443 } },
    ignoredNamespaces: [...values.ignoredNamespaces, namespace],
    injection: { failurePolicy: injector.failurePolicy, timeoutSeconds: injector.webhookTimeoutSeconds },
    validation: {
      failurePolicy: validator.failurePolicy,
      timeoutSeconds: validator.webhookTimeoutSeconds,
      namespaceSelector: validator.namespaceSelector,
    },
    ...(labels !== undefined && { labels }),
  };
}
