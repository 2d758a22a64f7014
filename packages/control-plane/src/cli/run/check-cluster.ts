/** Whether a cluster can have a mesh, and whether the one that it has is well: questions to its API server, each by itself. */
import { X509Certificate } from 'node:crypto';
import { crds, type KubeObject } from '@heddle/smi';
import { splitCertificates } from '../../identity/authority-pem.ts';
import { injectedAnnotation } from '../../inject/pod-to-inject.ts';
import { controllerName } from '../../install/settings-of-values.ts';
import { webhookNames } from '../../install/webhook-configurations.ts';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { collectionPath, objectPath } from '../../kube/object-path.ts';
import { recordOf } from '../../sources/record.ts';
import { objectAt } from './install-mesh.ts';

/** What became of one check. */
export interface CheckLine {
  readonly check: string;
  readonly outcome: 'pass' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** What is asked. */
export interface Checked {
  readonly client: ApiClient;
  /** Where Heddle runs, or is to. */
  readonly namespace: string;
  /** Of this program. */
  readonly version: string;
  readonly now: Date;
}

type Answer = Omit<CheckLine, 'check'>;
type Check = readonly [name: string, ask: (of: Checked) => Promise<Answer>];

const pass = (message: string): Answer => ({ outcome: 'pass', message });
const warn = (message: string, mend: string): Answer => ({ outcome: 'warn', message, mend });
const fail = (message: string, mend: string): Answer => ({ outcome: 'fail', message, mend });

/** Checks before an installation; a check that can't be made fails with the reason. */
export const beforeInstallation: readonly Check[] = [
  ['API server', apiServer],
  ['permissions', permissions],
];

/** Checks of an installation. */
export const ofInstallation: readonly Check[] = [
  ['API server', apiServer],
  ['definitions', definitions],
  ['versions', versions],
  ['test-split', testSplit],
  ['control plane', controlPlane],
  ['webhooks', webhooks],
  ['authority', authority],
  ['sidecars', sidecars],
];

/** Makes checks, one after the other. */
export async function makeChecks(checks: readonly Check[], of: Checked): Promise<readonly CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const [check, ask] of checks) {
    const answer = await ask(of).catch((error: unknown) => {
      const status = error instanceof ApiError ? error.status : 0;
      const mend = status === 403 ? 'Ask for the right to look at it.' : 'See whether kubectl gets an answer.';
      return fail(error instanceof Error ? error.message : String(error), mend);
    });
    lines.push({ check, ...answer });
  }
  return lines;
}

async function apiServer({ client }: Checked): Promise<Answer> {
  const { gitVersion, major, minor } = await client.json<{ gitVersion: string; major: string; minor: string }>({
    path: '/version',
  });
  const number = Number.parseInt(major, 10) * 1000 + Number.parseInt(minor, 10);
  if (number < 1027) return fail(`Kubernetes ${gitVersion} is too old.`, 'Heddle needs 1.27 or later.');
  if (number < 1029) {
    return warn(
      `Kubernetes ${gitVersion} has no native sidecars.`,
      'Pods of Jobs stay outside the mesh; 1.29 has them.',
    );
  }
  return pass(`Kubernetes ${gitVersion}`);
}

const needed = [
  ['', 'namespaces'],
  ['apps', 'deployments'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
] as const;

async function permissions({ client, namespace }: Checked): Promise<Answer> {
  const missing: string[] = [];
  for (const [group, resource] of needed) {
    const resourceAttributes = { group, resource, verb: 'create', ...(resource === 'deployments' && { namespace }) };
    const { status } = await client.json<{ status: { allowed: boolean } }>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
    });
    if (!status.allowed) missing.push(resource);
  }
  if (missing.length === 0) return pass('You may install.');
  return fail(
    `You may not create ${missing.join(', ')}.`,
    'Ask an administrator of the cluster to install, or for these rights.',
  );
}

async function definitions({ client }: Checked): Promise<Answer> {
  const missing: string[] = [];
  for (const definition of crds()) {
    const found = await objectAt(client, objectPath(definition));
    const conditions: unknown = recordOf(found?.['status'])['conditions'];
    const list: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
    const isServed = list.map(recordOf).some(({ type, status }) => type === 'Established' && status === 'True');
    if (!isServed) missing.push(definition.metadata.name);
  }
  if (missing.length === 0) return pass(`${crds().length} definitions are served.`);
  return fail(`These definitions are not served: ${missing.join(', ')}.`, 'heddle install makes them.');
}

async function versions({ client }: Checked): Promise<Answer> {
  const lacking: string[] = [];
  for (const group of new Set(crds().map(({ spec }) => spec.group))) {
    const { versions: served } = await client.json<{ versions: { version: string }[] }>({ path: `/apis/${group}` });
    const wanted = crds({ conversion: {} }).flatMap(({ spec }) => (spec.group === group ? spec.versions : []));
    const names = new Set(
      wanted.map(({ name }) => name).filter(name => !served.some(({ version }) => version === name)),
    );
    lacking.push(...[...names].map(name => `${group}/${name}`));
  }
  if (lacking.length === 0) return pass('Every version is served.');
  return warn(`These versions are not served: ${lacking.join(', ')}.`, 'heddle install serves them, with conversion.');
}

/** Accepted in the oldest version, it is converted, too. */
async function testSplit({ client }: Checked): Promise<Answer> {
  for (const version of ['v1alpha4', 'v1alpha1']) {
    const body = {
      apiVersion: `split.smi-spec.io/${version}`,
      kind: 'TrafficSplit',
      metadata: { name: 'test-split', namespace: 'default' },
      spec: { service: 'test-service', backends: [{ service: 'v1', weight: 100 }] },
    };
    const path = collectionPath(body.apiVersion, body.kind, 'default');
    try {
      await client.json({ method: 'POST', path, body, query: { dryRun: 'All' } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error;
      const mend =
        version === 'v1alpha4' ? 'heddle install puts definitions and webhooks right.' : 'See the line about webhooks.';
      return fail(`A TrafficSplit of ${version} is not accepted: ${error.message}`, mend);
    }
  }
  return pass('A minimal TrafficSplit is accepted, in v1alpha4 and v1alpha1.');
}

async function controlPlane({ client, namespace }: Checked): Promise<Answer> {
  const found = await objectAt(client, `${collectionPath('apps/v1', 'Deployment', namespace)}/${controllerName}`);
  if (found === undefined) return fail(`There is no control plane in ${namespace}.`, 'heddle install makes it.');
  const wanted = Number(recordOf(found['spec'])['replicas'] ?? 1);
  const ready = Number(recordOf(found['status'])['readyReplicas'] ?? 0);
  const message = `${ready} of ${wanted} replicas are ready.`;
  const mend = `kubectl -n ${namespace} describe pods tells why.`;
  if (ready === 0) return fail(message, mend);
  return ready < wanted ? warn(message, mend) : pass(message);
}

async function webhooks({ client, namespace, now }: Checked): Promise<Answer> {
  const certificate = await certificateIn(client, namespace, 'heddle-webhook-certificate');
  const mend = 'The control plane makes and mends them; see its log.';
  if (certificate === undefined) return fail('The webhooks have no certificate.', mend);
  const paths = [
    ['ValidatingWebhookConfiguration', webhookNames.validation],
    ['MutatingWebhookConfiguration', webhookNames.injection],
  ] as const;
  for (const [kind, name] of paths) {
    const found = await objectAt(client, `${collectionPath('admissionregistration.k8s.io/v1', kind)}/${name}`);
    if (found === undefined) return fail(`There is no ${kind} ${name}.`, mend);
    if (!bundlesOf(found).every(bundle => isTrusted(certificate, bundle))) {
      return fail(`${kind} ${name} does not trust the certificate of the webhooks.`, mend);
    }
  }
  return remaining('The certificate of the webhooks', certificate, now, mend);
}

function bundlesOf({ webhooks: list }: KubeObject): readonly string[] {
  const all: readonly unknown[] = Array.isArray(list) ? list : [];
  return all.map(webhook => {
    const { caBundle } = recordOf(recordOf(webhook)['clientConfig']);
    return typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString() : '';
  });
}

function isTrusted(certificate: X509Certificate, bundle: string): boolean {
  return splitCertificates(bundle)
    .map(pem => new X509Certificate(pem))
    .some(root => certificate.checkIssued(root) && certificate.verify(root.publicKey));
}

async function authority({ client, namespace, now }: Checked): Promise<Answer> {
  const certificate = await certificateIn(client, namespace, 'heddle-ca');
  const mend = 'Put another authority into the Secret heddle-ca, and restart the control plane.';
  if (certificate === undefined)
    return fail('The mesh has no authority: there is no Secret heddle-ca.', 'See the log of the control plane.');
  return remaining('The authority of the mesh', certificate, now, mend);
}

async function certificateIn(client: ApiClient, namespace: string, name: string): Promise<X509Certificate | undefined> {
  const secret = await objectAt(client, `${collectionPath('v1', 'Secret', namespace)}/${name}`);
  const encoded = recordOf(secret?.['data'])['tls.crt'];
  const [pem] = typeof encoded === 'string' ? splitCertificates(Buffer.from(encoded, 'base64').toString()) : [];
  return pem === undefined ? undefined : new X509Certificate(pem);
}

const day = 24 * 3_600_000;

function remaining(what: string, { validToDate }: X509Certificate, now: Date, mend: string): Answer {
  const days = Math.floor((validToDate.getTime() - now.getTime()) / day);
  if (days < 0) return fail(`${what} has expired.`, mend);
  const message = `${what} is valid for ${days} days.`;
  return days < 14 ? warn(message, mend) : pass(message);
}

async function sidecars({ client, version }: Checked): Promise<Answer> {
  const { items } = await client.json<{ items: KubeObject[] }>({ path: '/api/v1/pods' });
  const injected = items.flatMap(({ metadata }) => {
    const of = metadata.annotations?.[injectedAnnotation];
    return of === undefined ? [] : [{ name: `${metadata.namespace}/${metadata.name}`, version: of }];
  });
  const old = injected.filter(pod => minorsBehind(pod.version, version) > 1);
  if (old.length === 0) return pass(`Pods with a sidecar: ${injected.length}.`);
  const listed = old.slice(0, 5).map(({ name }) => name);
  return warn(
    `${old.length} of ${injected.length} pods have a sidecar more than one minor version behind: ${listed.join(', ')}${old.length > 5 ? ', …' : ''}.`,
    'Make them anew: kubectl rollout restart.',
  );
}

function minorsBehind(of: string, current: string): number {
  const [major = 0, minor = 0] = of.split('.').map(Number);
  const [currentMajor = 0, currentMinor = 0] = current.split('.').map(Number);
  return major === currentMajor ? currentMinor - minor : Number.POSITIVE_INFINITY;
}
