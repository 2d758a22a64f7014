export * from './access.ts';
export { groupOf, type KindInfo, type KindUse, kindOf, kinds, versionOf } from './kinds.ts';
export * from './object.ts';
export { type Parsed, parse, type SmiObject } from './parse/parse.ts';
export { Reader } from './parse/reader.ts';
export type { Violation, ViolationReason } from './parse/violation.ts';
export * from './regex.ts';
export * from './specs.ts';
export * from './split.ts';
