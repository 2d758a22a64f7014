/**
 * The objects that an installation consists of, in the order in which they are applied: values in, objects out. `heddle install`,
 * its dry run and the chart are made from it. Pure.
 */
import type { KubeObject } from '@heddle/smi';
import type { JsonRecord } from '../sources/record.ts';
import { choose } from './placeholder.ts';
import { accessObjects } from './roles.ts';
import { controllerName, controllerPorts, imageOf, type Release, webhookSettings } from './settings-of-values.ts';
import type { Values } from './values.ts';
import { convertedDefinitions, injectingConfiguration, validatingConfiguration } from './webhook-configurations.ts';

/** One object, and the value that it depends on, where it does. */
export interface InstalledObject {
  readonly object: KubeObject;
  readonly when?: 'enablePodDisruptionBudget' | 'networkPolicies';
}

/** The ConfigMap with the values of the installation, which the control plane reads, and its file. */
export const valuesConfigMap = { name: 'heddle-values', key: 'values.json' } as const;

/**
 * Everything of an installation.
 * @param valuesJson the values as they are kept in the cluster
 */
export function installation(
  values: Values,
  release: Release,
  { valuesJson, managedBy }: { readonly valuesJson: string; readonly managedBy: string },
): readonly InstalledObject[] {
  const labels = {
    'app.kubernetes.io/name': 'heddle',
    'app.kubernetes.io/component': 'controller',
    'app.kubernetes.io/managed-by': managedBy,
  };
  const { namespace } = release;
  const local = { name: controllerName, namespace, labels };
  const webhooks = webhookSettings(values, release, labels);
  const always: readonly KubeObject[] = [
    namespaceObject(namespace, labels),
    ...convertedDefinitions(webhooks),
    ...accessObjects(release, labels),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...local, name: valuesConfigMap.name },
      data: { [valuesConfigMap.key]: valuesJson },
    },
    meshConfig(values, labels),
    serviceObject(local),
    deploymentObject(values, release, local),
    validatingConfiguration(webhooks),
    injectingConfiguration(webhooks),
  ];
  return [
    ...always.map(object => ({ object })),
    { object: disruptionBudget(local), when: 'enablePodDisruptionBudget' },
    { object: networkPolicy(local), when: 'networkPolicies' },
  ];
}

type Labels = Readonly<Record<string, string>>;
type Local = { readonly name: string; readonly namespace: string; readonly labels: Labels };

/** What Pods of the control plane are known by: neither version nor who installed them. */
const selector = { 'app.kubernetes.io/name': 'heddle', 'app.kubernetes.io/component': 'controller' } as const;

function namespaceObject(name: string, labels: Labels): KubeObject {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...labels, ...restricted } } };
}

function meshConfig(values: Values, labels: Labels): KubeObject {
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'mesh', labels },
    spec: {
      policy: choose(values.enablePermissiveTrafficPolicy, 'allow-all', 'enforce'),
      egress: choose(values.enableEgress, 'allow', 'deny'),
      trustDomain: values.trustDomain,
      clusterDomain: values.clusterDomain,
      certificates: { lifetime: values.certificateProvider.serviceCertValidityDuration },
    },
  };
}

function serviceObject(local: Local): KubeObject {
  const { metrics, discovery } = controllerPorts;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: local,
    spec: {
      selector,
      ports: [
        { name: 'http-metrics', port: metrics, targetPort: 'metrics', protocol: 'TCP' },
        { name: 'grpc-discovery', port: discovery, targetPort: 'discovery', protocol: 'TCP' },
        { name: 'https-webhooks', port: 443, targetPort: 'webhooks', protocol: 'TCP' },
      ],
    },
  };
}

function deploymentObject(values: Values, release: Release, local: Local): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: local,
    spec: {
      replicas: values.replicaCount,
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: local.labels },
        spec: {
          serviceAccountName: controllerName,
          imagePullSecrets: values.imagePullSecrets,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65_532,
            runAsGroup: 65_532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [managerContainer(values, release)],
          volumes: [
            { name: 'values', configMap: { name: valuesConfigMap.name } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
    },
  };
}

const valuesFolder = '/etc/heddle';

function managerContainer(values: Values, release: Release): JsonRecord {
  const { metrics, discovery, webhooks } = controllerPorts;
  return {
    name: 'manager',
    image: imageOf(values, 'heddle', release),
    imagePullPolicy: values.image.pullPolicy,
    command: ['heddle', 'controller'],
    args: [
      `--v=${values.verbosity}`,
      `--namespace=${release.namespace}`,
      `--values=${valuesFolder}/${valuesConfigMap.key}`,
    ],
    env: [
      { name: 'HEDDLE_TRUST_DOMAIN', value: values.trustDomain },
      { name: 'HEDDLE_CLUSTER_DOMAIN', value: values.clusterDomain },
      { name: 'HEDDLE_CACHE_DIRECTORY', value: '/tmp' },
    ],
    ports: [
      { name: 'metrics', containerPort: metrics, protocol: 'TCP' },
      { name: 'discovery', containerPort: discovery, protocol: 'TCP' },
      { name: 'webhooks', containerPort: webhooks, protocol: 'TCP' },
    ],
    readinessProbe: probe('/readyz'),
    livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 10, timeoutSeconds: 5 },
    resources: values.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'values', mountPath: valuesFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function probe(path: string): JsonRecord {
  return { httpGet: { path, port: 'metrics' }, periodSeconds: 5 };
}

function disruptionBudget(local: Local): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: local,
    spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
  };
}

/** Sidecars are everywhere, and the API server may be outside of the cluster: ports are all that can be bounded. */
function networkPolicy(local: Local): KubeObject {
  const ports = Object.values(controllerPorts).map(port => ({ port, protocol: 'TCP' }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: local,
    spec: { podSelector: { matchLabels: selector }, policyTypes: ['Ingress'], ingress: [{ ports }] },
  };
}
