import type { HttpRouteMatch } from './http-route-match.ts';
import type { ResourceOrigin } from './origin.ts';

/** A name whose calls are split, with its splits in force: what is said of them whatever the port. */
export interface SplitRoot {
  /** Key of the Service, or of the logical root. */
  readonly key: string;
  /** Whether there is a Service of that name, which can serve by itself (S5). */
  readonly own: boolean;
  /** Those with matches, the older first (S11). */
  readonly matching: readonly ResolvedSplit[];
  /** The one without. */
  readonly catchAll?: ResolvedSplit;
}

/** A TrafficSplit with its references followed. */
export interface ResolvedSplit {
  readonly name: string;
  readonly origin: ResourceOrigin;
  /** Requests that it is for: entries of the route groups that it names; an empty list matches nothing (S10). */
  readonly matches: 'all' | readonly HttpRouteMatch[];
  /** Services that exist, each once. */
  readonly backends: readonly SplitBackend[];
  /** Whether every written weight is zero (S2). */
  readonly allZero: boolean;
}

/** A Service that a split names, whatever the port. */
export interface SplitBackend {
  /** Key of the Service. */
  readonly service: string;
  /** Of all its mentions, as written (S9). */
  readonly weight: number;
  /** Where it is first named. */
  readonly origin: ResourceOrigin;
}
