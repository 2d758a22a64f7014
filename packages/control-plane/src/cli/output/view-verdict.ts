import { type Origin, type Verdict, viewOrigin } from '@heddle/mesh';

/** Who decided, as plain data: an object's field and where it was written, or a named default. What is not known is null. */
export type DecidedByView =
  | {
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
      readonly field: string | null;
      readonly file: string | null;
      readonly line: number | null;
    }
  | { readonly default: string };

/** A verdict as `explain -o json` writes it. */
export interface VerdictView
  extends Pick<Verdict, 'allowed' | 'wouldDeny' | 'status' | 'reason' | 'message' | 'backends' | 'mtls'> {
  readonly decidedBy: DecidedByView;
  /** Name of a route of a ServiceProfile. */
  readonly route: string | null;
  readonly nearMisses: readonly {
    readonly object: { readonly kind: string; readonly namespace: string; readonly name: string };
    readonly field: string | null;
    readonly why: string;
  }[];
}

/** A verdict as plain data. */
export function viewVerdict(verdict: Verdict): VerdictView {
  const { allowed, wouldDeny, status, reason, message, decidedBy, backends, mtls, nearMisses, route } = verdict;
  return {
    allowed,
    wouldDeny,
    status,
    reason,
    message,
    decidedBy: viewDecidedBy(decidedBy),
    route,
    backends: backends.map(({ service, namespace, port, share }) => ({ service, namespace, port, share })),
    mtls,
    nearMisses: nearMisses.flatMap(({ origin, why }) => {
      const view = viewDecidedBy(origin);
      if ('default' in view) return [];
      const { kind, namespace, name, field } = view;
      return [{ object: { kind, namespace, name }, field, why }];
    }),
  };
}

function viewDecidedBy(origin: Origin): DecidedByView {
  const view = viewOrigin(origin);
  if ('default' in view) return view;
  const { kind, namespace, name, field = null, file = null, line = null } = view;
  return { kind, namespace, name, field, file, line };
}
