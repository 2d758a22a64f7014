/** How strictly the mesh acts, and what it tells of it. Each is set for the mesh, a namespace or a workload; the nearest wins (I4). */
export interface Modes {
  /** Whether plain text is accepted as well, from callers that then have no identity (I2). */
  readonly mtls: 'strict' | 'permissive';
  /** What becomes of a call that no TrafficTarget allows; `allow-all` asks none of them (I3). */
  readonly policy: PolicyMode;
  /** Traffic to addresses outside the mesh (H4). */
  readonly egress: 'allow' | 'deny';
  /** Which calls sidecars write down: none, those that policy denies or would deny, or all. */
  readonly accessLog: 'off' | 'denied' | 'all';
  /** What sidecars write into their own log. */
  readonly sidecarLogLevel: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
}

/** `enforce` refuses what no TrafficTarget allows, `audit` counts it and lets it through, `allow-all` does not ask. */
export type PolicyMode = 'enforce' | 'audit' | 'allow-all';

/** The values of each mode, the one first that counts where what is written is none of them: the strictest, or the default. */
export const modeValues = {
  mtls: ['strict', 'permissive'],
  policy: ['enforce', 'audit', 'allow-all'],
  egress: ['deny', 'allow'],
  accessLog: ['off', 'denied', 'all'],
  sidecarLogLevel: ['warning', 'trace', 'debug', 'info', 'error', 'critical', 'off'],
} as const satisfies { readonly [Name in keyof Modes]: readonly Modes[Name][] };
