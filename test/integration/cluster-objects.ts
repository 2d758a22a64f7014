/** Objects for tests against a cluster: written as a kubelet or a user would write them. */
import type { ApiClient } from '../../packages/control-plane/src/kube/api-client.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';

/** Applies objects, in order. */
export async function applyAll(client: ApiClient, ...objects: readonly object[]): Promise<void> {
  for (const object of objects as readonly ApiObject[]) {
    const plural = `${object.kind.toLowerCase()}s`;
    const { name, namespace } = object.metadata;
    const base = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
    const path = namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`;
    await client.apply(`${path}/${name}`, object, { manager: 'test' });
  }
}

/** A namespace with service accounts. */
export function namespaceWith(name: string, ...accounts: readonly string[]): object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    ...['default', ...accounts].map(account => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account, namespace: name },
    })),
  ];
}

/** A pod of a test, and where it is. */
export interface PodOfTest {
  readonly namespace: string;
  readonly name: string;
  readonly account: string;
  readonly ip: string;
}

/** Makes a pod with a sidecar that is running, as its status says. Gives its uid. */
export async function runPod(client: ApiClient, { namespace, name, account, ip }: PodOfTest): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const containers = ['app', 'heddle-sidecar'].map(container => ({ name: container, image: 'none' }));
  const { metadata } = await client.apply<ApiObject>(
    path,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name }, annotations: { 'heddle.dev/injected': 'test' } },
      spec: { serviceAccountName: account, nodeName: 'nowhere', terminationGracePeriodSeconds: 0, containers },
    },
    { manager: 'test' },
  );
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions };
  const contentType = 'application/merge-patch+json';
  await client.json({ method: 'PATCH', path: `${path}/status`, body: { status }, contentType });
  return metadata.uid ?? '';
}

/** A token of a service account, bound to a pod where a uid is given. */
export async function tokenFor(
  client: ApiClient,
  { namespace, name, account }: Pick<PodOfTest, 'namespace' | 'name' | 'account'>,
  { audience = 'heddle', uid }: { readonly audience?: string; readonly uid?: string },
): Promise<string> {
  const boundObjectRef = uid === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } };
  const { status } = await client.json<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    body: { spec: { audiences: [audience], expirationSeconds: 600, ...boundObjectRef } },
  });
  return status.token;
}
