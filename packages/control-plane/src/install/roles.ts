/** What the control plane may do in a cluster: no more than it does, and each rule with its reason. Pure. */
import { type KubeObject, kinds } from '@heddle/smi';
import { controllerName, type Release } from './settings-of-values.ts';
import { webhookNames } from './webhook-configurations.ts';

/** One rule of RBAC, and why it is needed: a comment where the role is written down. */
export interface ReasonedRule {
  readonly reason: string;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const read = ['get', 'list', 'watch'] as const;

const policies = kinds.filter(({ policy, versions }) => policy && versions.includes('v1alpha4'));
const policyGroups = [...new Set(policies.map(({ group }) => group))].toSorted();
const definitionNames = kinds
  .filter(({ policy, group }) => policy && group !== 'metrics.smi-spec.io')
  .map(({ group, kind }) => `${kind.toLowerCase()}s.${group}`)
  .toSorted();

/** Everywhere in the cluster. */
export const clusterRules: readonly ReasonedRule[] = [
  {
    reason: 'What a mesh consists of: its workloads, their addresses and accounts.',
    apiGroups: [''],
    resources: ['namespaces', 'pods', 'services', 'serviceaccounts'],
    verbs: read,
  },
  { reason: 'The endpoints of Services.', apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { reason: 'The policy of the mesh.', apiGroups: policyGroups, resources: ['*'], verbs: read },
  {
    reason: 'What became of policy is told by its status.',
    apiGroups: policyGroups,
    resources: policies.map(({ kind }) => `${kind.toLowerCase()}s/status`),
    verbs: ['patch', 'update'],
  },
  { reason: 'How the mesh behaves.', apiGroups: ['heddle.dev'], resources: ['meshconfigs'], verbs: read },
  {
    reason: 'The same of the mesh itself.',
    apiGroups: ['heddle.dev'],
    resources: ['meshconfigs/status'],
    verbs: ['patch', 'update'],
  },
  {
    reason: 'What is told once is told as an event.',
    apiGroups: ['', 'events.k8s.io'],
    resources: ['events'],
    verbs: ['get', 'create', 'patch'],
  },
  {
    reason: 'A split whose root is no Service gets one, so that its name resolves, and loses it again.',
    apiGroups: [''],
    resources: ['services'],
    verbs: ['create', 'patch', 'delete'],
  },
  {
    reason: 'Whom sidecars are to trust, and the configuration of applications, as ConfigMaps of their namespaces.',
    apiGroups: [''],
    resources: ['configmaps'],
    verbs: ['get', 'create', 'patch', 'delete'],
  },
  {
    reason: 'Sidecars show tokens of their pods.',
    apiGroups: ['authentication.k8s.io'],
    resources: ['tokenreviews'],
    verbs: ['create'],
  },
  {
    reason:
      'What the certificate of the webhooks is trusted by is put into their configurations, and those back where one is missing.',
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    resourceNames: Object.values(webhookNames).toSorted(),
    verbs: ['get', 'patch'],
  },
  {
    reason: 'A name can not bound who may create.',
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: ['create'],
  },
  {
    reason: 'The same for the webhook that converts versions.',
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    resourceNames: definitionNames,
    verbs: ['get', 'patch'],
  },
];

/** In the namespace of the control plane. */
export const ownRules: readonly ReasonedRule[] = [
  {
    reason: 'The authority of the mesh, and the certificate of the webhooks.',
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: ['heddle-ca', 'heddle-webhook-certificate'],
    verbs: ['get', 'update'],
  },
  { reason: 'Made by the first replica.', apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  {
    reason: 'One replica at a time writes.',
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update', 'patch'],
  },
];

/** The account of the control plane, its roles, and who has them. */
export function accessObjects({ namespace }: Release, labels: Readonly<Record<string, string>>): readonly KubeObject[] {
  const rbac = 'rbac.authorization.k8s.io/v1';
  const subjects = [{ kind: 'ServiceAccount', name: controllerName, namespace }];
  const named = { name: controllerName, labels };
  const local = { ...named, namespace };
  const clusterName = `heddle-${controllerName}`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: local },
    { apiVersion: rbac, kind: 'ClusterRole', metadata: { ...named, name: clusterName }, rules: clusterRules },
    {
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { ...named, name: clusterName },
      roleRef: ref('ClusterRole', clusterName),
      subjects,
    },
    { apiVersion: rbac, kind: 'Role', metadata: local, rules: ownRules },
    { apiVersion: rbac, kind: 'RoleBinding', metadata: local, roleRef: ref('Role', controllerName), subjects },
  ];
}

function ref(kind: string, name: string): Readonly<Record<string, string>> {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name };
}
