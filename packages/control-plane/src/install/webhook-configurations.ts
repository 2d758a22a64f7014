/** The configurations by which the API server knows Heddle's webhooks. Settings in, objects out. Pure. */
import { crds, type KubeObject, kinds } from '@heddle/smi';
import { annotations, no } from '../inject/annotations.ts';
import { enrolmentLabel, formerEnrolmentLabel, formerIgnoreLabel } from '../inject/decide-injection.ts';

/** Where the API server finds the webhooks, and how it is to treat them. */
export interface WebhookSettings {
  readonly meshName: string;
  readonly target: WebhookTarget;
  /** PEM; absent: whoever keeps the certificate puts it in. */
  readonly trustBundlePem?: string;
  /** Namespaces whose pods the API server does not even ask about. */
  readonly ignoredNamespaces: readonly string[];
  readonly validation: WebhookPolicy;
  readonly injection: WebhookPolicy;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Service of the cluster; or a base URL, for a control plane outside of it. */
export type WebhookTarget =
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port: number } }
  | { readonly url: string };

/** How the API server treats one webhook. */
export interface WebhookPolicy {
  /** What becomes of a request while the webhook does not answer. */
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeoutSeconds: number;
  /** Beside what is always so; default: nothing. */
  readonly namespaceSelector?: LabelSelector;
}

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** Paths of the webhooks on their server. */
export const webhookPaths = { conversion: '/convert', validation: '/validate', injection: '/inject' } as const;

/** Names of the two configurations. */
export const webhookNames = { validation: 'heddle-validation', injection: 'heddle-injection' } as const;

type ClientConfig = Readonly<Record<string, unknown>>;

function clientConfig({ target, trustBundlePem }: WebhookSettings, path: string): ClientConfig {
  const caBundle = trustBundlePem === undefined ? {} : { caBundle: Buffer.from(trustBundlePem).toString('base64') };
  if ('url' in target) return { url: `${target.url}${path}`, ...caBundle };
  return { service: { ...target.service, path }, ...caBundle };
}

/**
 * The validating webhook asks about every kind of policy, in whatever version somebody writes it: findings then name the fields
 * that were written. Status is not asked about.
 */
export function validatingConfiguration(settings: WebhookSettings): KubeObject {
  const { failurePolicy, timeoutSeconds, namespaceSelector } = settings.validation;
  const policies = crds({ conversion: {} }).map(({ spec }) => spec);
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: metadataOf(webhookNames.validation, settings),
    webhooks: [
      {
        name: 'validation.heddle.dev',
        clientConfig: clientConfig(settings, webhookPaths.validation),
        rules: policies.map(({ group, versions, names, scope }) => ({
          apiGroups: [group],
          apiVersions: versions.map(({ name }) => name),
          resources: [names.plural],
          operations: ['CREATE', 'UPDATE'],
          scope,
        })),
        failurePolicy,
        timeoutSeconds,
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...(namespaceSelector !== undefined && { namespaceSelector }),
      },
    ],
  };
}

/** The mutating webhook asks about new pods of enrolled namespaces; what can't have a sidecar anyway is not asked about. */
export function injectingConfiguration(settings: WebhookSettings): KubeObject {
  const { meshName, injection, ignoredNamespaces } = settings;
  const always = [
    { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ignoredNamespaces },
    { key: formerIgnoreLabel, operator: 'NotIn', values: ['true'] },
    ...(injection.namespaceSelector?.matchExpressions ?? []),
  ];
  const webhook = (name: string, own: LabelSelector) => ({
    name,
    clientConfig: clientConfig(settings, webhookPaths.injection),
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' }],
    failurePolicy: injection.failurePolicy,
    timeoutSeconds: injection.timeoutSeconds,
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'Never',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: {
      matchLabels: { ...injection.namespaceSelector?.matchLabels, ...own.matchLabels },
      matchExpressions: [...always, ...(own.matchExpressions ?? [])],
    },
    objectSelector: { matchExpressions: [{ key: annotations.inject.name, operator: 'NotIn', values: no }] },
  });
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: metadataOf(webhookNames.injection, settings),
    webhooks: [
      webhook('injection.heddle.dev', { matchLabels: { [enrolmentLabel]: meshName } }),
      webhook('former-injection.heddle.dev', {
        matchLabels: { [formerEnrolmentLabel]: meshName },
        matchExpressions: [{ key: enrolmentLabel, operator: 'DoesNotExist' }],
      }),
    ],
  };
}

/** The definitions of every kind, with the webhook that makes their versions views of one object. */
export function convertedDefinitions(settings: WebhookSettings): readonly KubeObject[] {
  const conversion = clientConfig(settings, webhookPaths.conversion);
  return crds({ conversion }).map(definition => ({
    ...definition,
    metadata: metadataOf(definition.metadata.name, settings),
  }));
}

function metadataOf(name: string, { labels }: WebhookSettings): KubeObject['metadata'] {
  return { name, ...(labels !== undefined && { labels }) };
}

/** The groups of policy, for whoever asks what is served. */
export const policyGroups: readonly string[] = [
  ...new Set(kinds.filter(({ policy, group }) => policy && group !== '').map(({ group }) => group)),
].toSorted();
