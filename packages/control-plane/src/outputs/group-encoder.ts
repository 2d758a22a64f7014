import type { SidecarConfiguration, XdsResource } from '@heddle/mesh';
import { type EncodedResource, encode, type ResourceJson } from '../xds/encode.ts';
import { type ResourceKind, typeUrls } from '../xds/resource-type.ts';
import type { ResourceGroup } from '../xds/snapshot.ts';

/** A group of resources as a backend rendered it. */
export type RenderedGroup = SidecarConfiguration['groups'][number];

/** A group that can't be encoded: the resource at fault, and why. */
export interface EncodingFailure {
  readonly resource: XdsResource;
  readonly message: string;
}

/** Whether a group could not be encoded. */
export function isFailure(result: ResourceGroup | EncodingFailure): result is EncodingFailure {
  return 'message' in result;
}

/** Encodes groups of resources, each object once; one that can't be encoded is remembered too. */
export class GroupEncoder {
  readonly #results = new WeakMap<RenderedGroup, ResourceGroup | EncodingFailure>();
  readonly #rendered = new WeakMap<ResourceGroup, RenderedGroup>();

  /** The bytes of a group, shared by all who have it. */
  encode(group: RenderedGroup): ResourceGroup | EncodingFailure {
    let result = this.#results.get(group);
    if (result === undefined) {
      result = encodeAll(group.resources);
      this.#results.set(group, result);
      if (!isFailure(result)) this.#rendered.set(result, group);
    }
    return result;
  }

  /** What a group was encoded from; `undefined` for one that was made elsewhere. */
  rendered(group: ResourceGroup): RenderedGroup | undefined {
    return this.#rendered.get(group);
  }
}

function encodeAll(resources: readonly XdsResource[]): ResourceGroup | EncodingFailure {
  const encoded: EncodedResource[] = [];
  for (const resource of resources) {
    try {
      encoded.push(encodeOne(resource));
    } catch (error) {
      return { resource, message: error instanceof Error ? error.message : String(error) };
    }
  }
  return { resources: encoded };
}

const kinds = new Map(
  Object.entries(typeUrls).map(([kind, typeUrl]): [string, ResourceKind] => [typeUrl, kind as ResourceKind]),
);

function encodeOne({ typeUrl, name, value }: XdsResource): EncodedResource {
  const kind = kinds.get(typeUrl);
  if (kind === undefined) throw new Error(`${name} is of a type that is not served: ${typeUrl}`);
  return encode(kind, value as ResourceJson[typeof kind]);
}
