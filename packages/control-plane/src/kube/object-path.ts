/** Where objects stand in the API: by kind, without asking the server. */

/** Kinds with another plural than theirs and "s". */
const plurals: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  CustomResourceDefinition: 'customresourcedefinitions',
};

/** The path of a collection: `/apis/apps/v1/namespaces/shop/deployments`. */
export function collectionPath(apiVersion: string, kind: string, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${root}${scope}/${plurals[kind] ?? `${kind.toLowerCase()}s`}`;
}

/** The path of an object. */
export function objectPath(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}): string {
  const { apiVersion, kind, metadata } = object;
  return `${collectionPath(apiVersion, kind, metadata.namespace)}/${metadata.name}`;
}
