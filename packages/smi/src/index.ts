export * from './access.ts';
export * from './object.ts';
export { isSmi, type Parsed, parse, type SmiObject } from './parse/parse.ts';
export type { Violation, ViolationReason } from './parse/violation.ts';
export * from './regex.ts';
export * from './specs.ts';
export * from './split.ts';
