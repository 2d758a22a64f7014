import { type AuthorityPem, rootOf } from './authority-pem.ts';

/** A step of the exchange of one root for another. */
export type ExchangeStepName =
  /** The new root is trusted as well. */
  | 'trust'
  /** The new root's authority signs. */
  | 'switch'
  /** The old root is trusted no more. */
  | 'drop';

/** A step, and the authority that is to be in force before the next one. */
export interface ExchangeStep {
  readonly name: ExchangeStepName;
  readonly authority: AuthorityPem;
}

/**
 * How one authority takes the place of another without a handshake that fails: each step may begin once everybody has
 * what the one before brought. An exchange may take the place of one that is half done.
 */
export function exchangeSteps(from: AuthorityPem, to: AuthorityPem): readonly ExchangeStep[] {
  const old = [rootOf(from), ...(from.alsoTrusted ?? [])];
  return [
    { name: 'trust', authority: { ...from, alsoTrusted: [...new Set([...(from.alsoTrusted ?? []), rootOf(to)])] } },
    { name: 'switch', authority: { ...to, alsoTrusted: [...new Set(old)] } },
    { name: 'drop', authority: { ...to, alsoTrusted: [] } },
  ];
}
