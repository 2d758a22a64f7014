/**
 * From a resource as proto3 JSON to the bytes that a sidecar gets: the only place that makes them. It knows Envoy's
 * types, and nothing of what the resources mean.
 */
import { hash } from 'node:crypto';
import { type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { TypedExtensionConfigJson } from '@heddle/envoy-api/envoy/config/core/v3/extension_pb';
import type { ClusterLoadAssignmentJson } from '@heddle/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { SecretJson } from '@heddle/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { RuntimeJson } from '@heddle/envoy-api/envoy/service/runtime/v3/rtds_pb';
import { registry } from '@heddle/envoy-api/registry';
import { messageType } from './message-type.ts';
import { type ResourceKind, typeUrls } from './resource-type.ts';

/** The JSON of each kind of resource. */
export interface ResourceJson {
  readonly cluster: ClusterJson;
  readonly endpoints: ClusterLoadAssignmentJson;
  readonly extension: TypedExtensionConfigJson;
  readonly listener: ListenerJson;
  readonly route: RouteConfigurationJson;
  readonly runtime: RuntimeJson;
  readonly secret: SecretJson;
}

/** A resource ready to be sent, shared by every sidecar that is to have it. */
export interface EncodedResource extends Versioning {
  readonly name: string;
  readonly typeUrl: string;
  /** The message alone, without an envelope. Not enumerable where {@link encode} made it: don't spread a resource. */
  readonly bytes: Uint8Array;
  /**
   * Of a cluster that takes its endpoints by EDS: their name. Envoy waits for them whenever the cluster changes, and does
   * not ask again.
   */
  readonly endpoints?: string;
}

/** What tells two contents of one resource apart. */
export interface Versioning {
  /** Hash of the bytes, unless {@link encode} was given another. */
  readonly version: string;
  /** True for a version that a sidecar may keep when it reconnects with it; absent: none but `version` itself. */
  readonly accepts?: (version: string) => boolean;
}

/** A resource that isn't valid proto3 JSON of its type: a fault of what rendered it. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  readonly code = 'XDS_ENCODE';
  readonly retryable = false;
  readonly typeUrl: string;
  readonly resource: string;

  constructor(typeUrl: string, resource: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} "${resource}": ${reason}`, { cause });
    this.typeUrl = typeUrl;
    this.resource = resource;
  }
}

const encoded = new WeakMap<object, EncodedResource>();

/**
 * Encodes a resource; the same object is encoded once, so it must not change afterwards. Equal content gives equal bytes,
 * whatever the order of its keys.
 * @param versioning for content that is made anew each time without being news, like a certificate; default: hash of the bytes
 * @throws EncodeError naming the resource and the field that its type does not have, or whose value doesn't fit
 */
export function encode<K extends ResourceKind>(
  kind: K,
  json: ResourceJson[K],
  versioning?: Versioning,
): EncodedResource {
  const known = encoded.get(json);
  if (known?.typeUrl === typeUrls[kind]) return known;
  const resource = encodeAnew(kind, json, versioning);
  encoded.set(json, resource);
  return resource;
}

function encodeAnew(kind: ResourceKind, json: ResourceJson[ResourceKind], versioning?: Versioning): EncodedResource {
  const typeUrl = typeUrls[kind];
  const name = nameOf(json);
  try {
    if (name === '') throw new Error('has no name');
    const type = descriptors[kind];
    const bytes = toBinary(type, fromJson(type, inKeyOrder(json as JsonValue), { registry }));
    const endpoints = kind === 'cluster' ? endpointsOf(json as ClusterJson) : undefined;
    const resource = {
      name,
      typeUrl,
      version: versioning?.version ?? hash('sha256', bytes, 'base64url').slice(0, 22),
      ...(versioning?.accepts && { accepts: versioning.accepts }),
      ...(endpoints !== undefined && { endpoints }),
    };
    // They may hold a private key: not enumerable, they show in no log and no JSON.
    return Object.defineProperty(resource as EncodedResource, 'bytes', { value: bytes });
  } catch (error) {
    throw new EncodeError(typeUrl, name, error);
  }
}

const descriptors: Readonly<Record<ResourceKind, DescMessage>> = {
  cluster: descriptor('cluster'),
  endpoints: descriptor('endpoints'),
  extension: descriptor('extension'),
  listener: descriptor('listener'),
  route: descriptor('route'),
  runtime: descriptor('runtime'),
  secret: descriptor('secret'),
};

function descriptor(kind: ResourceKind): DescMessage {
  return messageType(typeUrls[kind].slice(typeUrls[kind].indexOf('/') + 1));
}

function nameOf(json: ResourceJson[ResourceKind]): string {
  if ('clusterName' in json) return json.clusterName ?? '';
  return 'name' in json ? (json.name ?? '') : '';
}

function endpointsOf(cluster: ClusterJson): string | undefined {
  return cluster.type === 'EDS' ? cluster.edsClusterConfig?.serviceName || cluster.name : undefined;
}

/** Maps are written in the order of their keys: equal ones must come out equal. */
function inKeyOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (value === null || typeof value !== 'object') return value;
  const ordered: Record<string, JsonValue> = {};
  for (const key of Object.keys(value).toSorted()) {
    const field = value[key];
    if (field !== undefined) ordered[key] = inKeyOrder(field);
  }
  return ordered;
}
