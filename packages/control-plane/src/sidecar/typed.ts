/** A typed configuration: a message in a `google.protobuf.Any`, as proto3 JSON. `type` is its full protobuf name. */
export function typed<Message extends object>(type: string, message: Message): Message & { '@type': string } {
  return { '@type': `type.googleapis.com/${type}`, ...message };
}
