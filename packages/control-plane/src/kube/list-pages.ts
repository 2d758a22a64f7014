import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { type ApiObject, slim } from './kube-object.ts';

/** Everything that there is of a kind, at one moment. */
export interface Listing {
  readonly objects: readonly ApiObject[];
  /** That moment, for a watch to go on from. */
  readonly resourceVersion: string;
}

interface Page {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[] | null;
}

/** What to list. */
export interface ListRequest {
  readonly path: string;
  /** Selectors and the like. */
  readonly query?: Readonly<Record<string, string>>;
  /** Objects a page; default 500. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * Lists a kind in pages, so that neither side holds one large answer. A continuation that expires meanwhile, because the
 * list takes longer than the server remembers, begins the list anew, then without pages.
 */
export async function listPages(client: Pick<ApiClient, 'json'>, request: ListRequest): Promise<Listing> {
  try {
    return await list(client, request, request.pageSize ?? 500);
  } catch (error) {
    if (error instanceof ApiError && error.isExpired) return await list(client, request, undefined);
    throw error;
  }
}

async function list(
  client: Pick<ApiClient, 'json'>,
  request: ListRequest,
  pageSize: number | undefined,
): Promise<Listing> {
  const objects: ApiObject[] = [];
  let from: string | undefined;
  let page: Page;
  do {
    page = await client.json<Page>({
      path: request.path,
      query: {
        ...request.query,
        ...(pageSize !== undefined && { limit: String(pageSize) }),
        ...(from !== undefined && { continue: from }),
      },
      ...(request.signal && { signal: request.signal }),
    });
    const { apiVersion = '', kind = '' } = page;
    // Items of a list don't say their kind: the list does.
    const itemKind = { apiVersion, kind: kind.replace(/List$/, '') };
    for (const item of page.items ?? []) objects.push(slim({ ...itemKind, ...item }));
    from = page.metadata?.continue;
  } while (from !== undefined && from !== '');
  return { objects, resourceVersion: page.metadata?.resourceVersion ?? '' };
}
