import { createHash } from 'node:crypto';
import type { Finding } from '@heddle/mesh';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ReportedObject } from './reported-object.ts';

/** What the recorder needs. */
export interface EventRecorderOptions {
  readonly client: Pick<ApiClient, 'json'>;
  readonly now: () => Date;
}

/** What is said of an object. */
export type Remarked = Pick<Finding, 'reason' | 'severity' | 'message'>;

interface CoreEvent {
  readonly count?: number;
  readonly lastTimestamp?: string | null;
}

/** Milliseconds after which an event that still holds is said again: API servers forget events after an hour. */
const repeatAfter = 30 * 60_000;

/** What an event's message may be long, in Kubernetes. */
const longestMessage = 1024;

/**
 * Says of objects what `kubectl describe` shows as their events. What holds for longer is one event, counted on every half hour;
 * its name comes from what it says, so that replicas which follow each other go on with the same.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** When each event was said last. */
  readonly #said = new Map<string, number>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Says it, unless it was said a moment ago. Rejects where the API server won't take it. */
  async record(object: ReportedObject, remark: Remarked): Promise<void> {
    const now = this.#options.now();
    const name = eventName(object, remark);
    const last = this.#said.get(name);
    if (last !== undefined && now.getTime() - last < repeatAfter) return;
    await this.#write(object, remark, { name, time: now.toISOString().replace(/\.\d+Z$/, 'Z') });
    this.#said.set(name, now.getTime());
  }

  /** Forgets what no longer holds: said again, it is news. */
  retain(holding: ReadonlySet<string>): void {
    for (const name of this.#said.keys()) if (!holding.has(name)) this.#said.delete(name);
  }

  async #write(object: ReportedObject, remark: Remarked, at: { name: string; time: string }): Promise<void> {
    const { client } = this.#options;
    // Events of what has no namespace are kept in the default one.
    const namespace = object.ref.namespace === '' ? 'default' : object.ref.namespace;
    const path = `/api/v1/namespaces/${namespace}/events`;
    try {
      await client.json({ method: 'POST', path, body: eventOf(object, remark, { ...at, namespace }) });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
      await this.#count(`${path}/${at.name}`, at.time);
    }
  }

  /** Counts on an event that is there, unless whoever wrote it did so a moment ago. */
  async #count(path: string, time: string): Promise<void> {
    const { client, now } = this.#options;
    const { count = 1, lastTimestamp } = await client.json<CoreEvent>({ path });
    if (lastTimestamp && now().getTime() - Date.parse(lastTimestamp) < repeatAfter) return;
    const body = { count: count + 1, lastTimestamp: time };
    await client.json({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  }
}

/** The name of the event that says this of an object. */
export function eventName({ ref, uid = '' }: ReportedObject, { reason, message }: Remarked): string {
  const digest = createHash('sha256').update(`${uid} ${reason} ${message}`).digest('hex').slice(0, 16);
  return `${ref.name.slice(0, 230)}.${digest}`;
}

function eventOf(
  { ref, uid }: ReportedObject,
  { reason, severity, message }: Remarked,
  { name, namespace, time }: { readonly name: string; readonly namespace: string; readonly time: string },
): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    type: severity === 'info' ? 'Normal' : 'Warning',
    reason,
    message: message.slice(0, longestMessage),
    involvedObject: {
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      name: ref.name,
      ...(ref.namespace !== '' && { namespace: ref.namespace }),
      ...(uid !== undefined && { uid }),
    },
    source: { component: 'heddle' },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
