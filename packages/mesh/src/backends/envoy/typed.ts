/** A typed configuration: a message in a `google.protobuf.Any`, as proto3 JSON. */
export function typed<Message extends object>(type: string, message: Message): Message & { '@type': string } {
  return { '@type': `type.googleapis.com/${type}`, ...message };
}

/** Configuration that comes over the stream that the sidecar already has. */
export const overAds = { ads: {}, resourceApiVersion: 'V3' } as const;
