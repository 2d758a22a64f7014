import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { ApiObject } from './kube-object.ts';

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Finds out where objects of any kind are, as the API server's discovery has it. Remembers what it has found. */
export class ResourcePaths {
  readonly #client: Pick<ApiClient, 'json'>;
  readonly #known = new Map<string, ServedResource>();

  constructor(client: Pick<ApiClient, 'json'>) {
    this.#client = client;
  }

  /**
   * The path of an object; one without a namespace is in `default`, unless its kind has none.
   * @throws ApiError 404 where its kind is not served
   */
  async of({
    apiVersion,
    kind,
    metadata: { namespace = 'default', name },
  }: Pick<ApiObject, 'apiVersion' | 'kind' | 'metadata'>): Promise<string> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { name: plural, namespaced } = await this.#find(base, kind);
    return `${base}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}/${name}`;
  }

  async #find(base: string, kind: string): Promise<ServedResource> {
    const known = this.#known.get(`${base} ${kind}`);
    if (known !== undefined) return known;
    const { resources = [] } = await this.#client.json<{ readonly resources?: readonly ServedResource[] }>({
      path: base,
    });
    // What has a slash in its name is a part of another.
    const found = resources.find(resource => resource.kind === kind && !resource.name.includes('/'));
    if (found === undefined) throw new ApiError(`${base} serves no ${kind}`, { status: 404, code: 'NotServed' });
    this.#known.set(`${base} ${kind}`, found);
    return found;
  }
}
