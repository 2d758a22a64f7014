import type { FieldPath, SourceLocation } from '../object.ts';

/** What can be wrong with the shape of one SMI object, seen alone. */
export type ViolationReason =
  | 'InvalidField'
  | 'UnknownField'
  | 'InvalidWeight'
  | 'InvalidRegex'
  | 'InvalidMethod'
  | 'EmptySources'
  | 'EmptyRules'
  | 'DuplicateMatchName'
  | 'UnsupportedVersion'
  | 'UnsupportedKind'
  | 'NamespaceMismatch'
  | 'MapHeaders'
  | 'MatchesEverything'
  | 'MisplacedMatches'
  | 'LaterField'
  | 'AllowsNobody'
  | 'IgnoredPort'
  | 'ExclusiveSchemes'
  | 'NoSchemes'
  | 'EmptySelector'
  | 'StaleConversion';

/** One thing wrong with an object: where, and what to do. Whether it refuses the object depends on its reason. */
export interface Violation {
  readonly reason: ViolationReason;
  /** The field as the object was written. */
  readonly path: FieldPath;
  readonly message: string;
  /** Where that is written, or its nearest written ancestor, as far as the caller of `parse` can tell. */
  readonly place?: SourceLocation;
}
