import { type Condition, settleConditions } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { objectPath, type ReportedObject, reportedObject } from './reported-object.ts';

/** Whose fields the conditions are. */
const manager = 'heddle-status';

/** What the writer needs. */
export interface StatusWriterOptions {
  readonly client: Pick<ApiClient, 'apply'>;
  readonly now: () => Date;
  /** Told once a kind when its status can't be written. */
  readonly onTrouble: (kind: string, error: unknown) => void;
}

/** The conditions of one object, as they are now. */
export interface WantedConditions extends ObjectRef {
  readonly conditions: readonly Condition[];
}

/**
 * Writes conditions where they differ from what stands there: by server-side apply, so that the conditions of others stay. When a
 * condition came about is taken from the cluster as long as it holds, whichever replica wrote it.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** Kinds whose status can't be written, such as those without the subresource. */
  readonly #unwritable = new Set<string>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Whether the status of a kind can be written, as far as is known. */
  isWritable({ kind }: Pick<ObjectRef, 'kind'>): boolean {
    return !this.#unwritable.has(kind);
  }

  /**
   * Brings an object's conditions to what they are to be. Gives the object as it then stands, the same one where nothing was
   * to be written. What fails is tried with the next pass.
   */
  async write(wanted: WantedConditions, seen: ReportedObject): Promise<ReportedObject> {
    const conditions = this.#settled(wanted, seen.conditions);
    if (conditions === undefined || !this.isWritable(wanted)) return seen;
    const { apiVersion, kind, namespace, name } = seen.ref;
    const metadata = { name, ...(namespace !== '' && { namespace }) };
    const body = { apiVersion, kind, metadata, status: { conditions } };
    try {
      const path = `${objectPath(seen.ref)}/status`;
      return reportedObject(seen.ref, await this.#options.client.apply<ApiObject>(path, body, { manager }));
    } catch (error) {
      this.#failed(seen.ref, error);
      return seen;
    }
  }

  /** The conditions to write; undefined where they stand there already. */
  #settled(wanted: WantedConditions, standing: readonly Condition[]): readonly Condition[] | undefined {
    const before = wanted.conditions.flatMap(({ type }) => standing.find(known => known.type === type) ?? []);
    const now = this.#options
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const observed = wanted.conditions.map(({ lastTransitionTime: _time, ...condition }) => condition);
    const settled = settleConditions(observed, before, now);
    return settled === before ? undefined : settled;
  }

  #failed(ref: ObjectRef, error: unknown): void {
    const { status = 0, message = '' } = error instanceof ApiError ? error : {};
    // Gone since: nobody reads it. A kind without the subresource has no such path, whatever the object.
    if (status === 404 && message.includes(`"${ref.name}"`)) return;
    if (status === 404 || status === 403) this.#unwritable.add(ref.kind);
    this.#options.onTrouble(ref.kind, error);
  }
}
