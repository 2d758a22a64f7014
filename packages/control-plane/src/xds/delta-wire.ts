/**
 * The messages of the delta protocol: from bytes, and to bytes. A resource is put in its envelope once; a response is made
 * by joining envelopes, since repeated fields of protobuf messages concatenate.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '@heddle/envoy-api/envoy/service/discovery/v3/discovery_pb';
import type { EncodedResource } from './encode.ts';
import { messageType } from './message-type.ts';

/** A `DeltaDiscoveryRequest`, reduced to what the protocol needs. */
export interface DeltaRequest {
  /** In the first message of a stream only. */
  readonly nodeId?: string;
  readonly typeUrl: string;
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  /** What the sidecar has from an earlier stream; in the first message of a type only. */
  readonly initialVersions?: Readonly<Record<string, string>>;
  /** Of the response that this answers, if it answers one. */
  readonly nonce?: string;
  /** Present: the response is rejected, with these words. */
  readonly error?: string;
}

/** A `DeltaDiscoveryResponse`. */
export interface DeltaResponse {
  readonly typeUrl: string;
  /** Unique within the stream. */
  readonly nonce: string;
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
}

const requestType = messageType<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest');
const responseType = messageType<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse');

/** @throws Error when these are not the bytes of a request */
export function decodeDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const request = fromBinary(requestType, bytes);
  return {
    ...(request.node && { nodeId: request.node.id }),
    typeUrl: request.typeUrl,
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    initialVersions: request.initialResourceVersions,
    nonce: request.responseNonce,
    ...(request.errorDetail && { error: request.errorDetail.message }),
  };
}

/** The bytes of a response: one copy of each resource's, none is encoded again. */
export function encodeDeltaResponse({ typeUrl, nonce, resources, removed }: DeltaResponse): Buffer {
  const rest = toBinary(responseType, create(responseType, { typeUrl, nonce, removedResources: [...removed] }));
  return Buffer.concat([...resources.map(envelope), rest]);
}

const envelopes = new WeakMap<EncodedResource, Uint8Array>();

/** A response that holds nothing but the resource: the one field that is repeated, tag and length included. */
function envelope(encoded: EncodedResource): Uint8Array {
  const known = envelopes.get(encoded);
  if (known !== undefined) return known;
  const { name, version, typeUrl, bytes } = encoded;
  const resource = { name, version, resource: { typeUrl, value: bytes } };
  const made = toBinary(responseType, create(responseType, { resources: [resource] }));
  envelopes.set(encoded, made);
  return made;
}
