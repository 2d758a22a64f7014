import type { FieldPath } from '../object.ts';

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
  | 'MisplacedMatches';

/** One thing wrong with an object: where, and what to do. Whether it refuses the object depends on its reason. */
export interface Violation {
  readonly reason: ViolationReason;
  /** The field as the object was written. */
  readonly path: FieldPath;
  readonly message: string;
}
