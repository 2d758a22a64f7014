import type { TestEvent } from 'node:test/reporters';

/** A reporter for `node --test` that writes nothing but the counts of the whole run, as one line of JSON. */
// oxlint-disable-next-line import/no-default-export -- Node loads a reporter by its default export.
export default async function* counts(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    // Where every file has a process of its own, every file has a summary of its own as well.
    if (event.type === 'test:summary' && event.data.file === undefined) yield `${JSON.stringify(event.data.counts)}\n`;
  }
}
