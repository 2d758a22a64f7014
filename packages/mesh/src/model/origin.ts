import { type FieldPath, formatPath, type ObjectRef, refOf, type SourceLocation, type SourceObject } from '@heddle/smi';

/** Where a part of the model came from: a field that somebody wrote, or a named default. */
export type Origin = ResourceOrigin | DefaultOrigin;

/** A field of an object that somebody wrote. */
export interface ResourceOrigin {
  readonly source: SourceObject;
  readonly path: FieldPath;
}

/** A rule that holds where nobody wrote anything. */
export interface DefaultOrigin {
  readonly default: DefaultName;
}

/** Everything that decides where nobody wrote anything. */
export type DefaultName =
  /** No TrafficTarget lets the caller in (T1, T9). */
  | 'DenyByDefault'
  /** The name has no such port. */
  | 'PortNotFound'
  | 'ServiceNotFound'
  /** Nothing is there to serve. */
  | 'NoEndpoints'
  /** Malformed requests get 400 (T12, H5). */
  | 'WellFormedRequests'
  /** No TrafficSplit applies, so the Service's own endpoints serve. */
  | 'OwnEndpoints'
  /** No pod behind the name is in the mesh (H6). */
  | 'OutsideMesh'
  /** The caller has no identity, and the destination takes mutual TLS alone or enforces policy (I2). */
  | 'PlainTextRefused'
  /** The caller's `egress` is `deny` (H4). */
  | 'EgressDenied'
  /** No TrafficTarget lets the caller in, and the destination's `policy` is `audit` (I3). */
  | 'PolicyAudit'
  /** The destination's `policy` is `allow-all` (I3). */
  | 'PolicyAllowAll';

/** An origin as plain data, for output. */
export type OriginView =
  | (Pick<ObjectRef, 'kind' | 'namespace' | 'name'> & { field?: string } & Partial<SourceLocation>)
  | DefaultOrigin;

/** The origin of a field of an object. */
export function originOf(source: SourceObject, path: FieldPath = []): ResourceOrigin {
  return { source, path };
}

/** Names the object and field, and the place in its file where that is known. */
export function viewOrigin(origin: Origin): OriginView {
  if ('default' in origin) return { default: origin.default };
  const { kind, namespace, name } = refOf(origin.source.object);
  const field = formatPath(origin.path);
  return { kind, namespace, name, ...(field !== '' && { field }), ...origin.source.locate?.(origin.path) };
}
