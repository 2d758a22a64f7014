/** How strictly the mesh acts. Each is set for the mesh, a namespace or a workload; the nearest wins (I4). */
export interface Modes {
  /** Whether plain text is accepted as well, from callers that then have no identity (I2). */
  readonly mtls: 'strict' | 'permissive';
  /** What becomes of a call that no TrafficTarget allows; `allow-all` asks none of them (I3). */
  readonly policy: PolicyMode;
  /** Traffic to addresses outside the mesh (H4). */
  readonly egress: 'allow' | 'deny';
}

/** `enforce` refuses what no TrafficTarget allows, `audit` counts it and lets it through, `allow-all` does not ask. */
export type PolicyMode = 'enforce' | 'audit' | 'allow-all';

/** The values of each mode, the strictest first. */
export const modeValues = {
  mtls: ['strict', 'permissive'],
  policy: ['enforce', 'audit', 'allow-all'],
  egress: ['deny', 'allow'],
} as const satisfies { readonly [Name in keyof Modes]: readonly Modes[Name][] };
