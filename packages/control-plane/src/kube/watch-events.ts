import { StringDecoder } from 'node:string_decoder';
import type { ApiClient } from './api-client.ts';
import { ApiError, errorOfStatus } from './api-error.ts';
import { type ApiObject, slim } from './kube-object.ts';

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: ApiObject;
}

/** What to watch. */
export interface WatchRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Told once the server has agreed to it; events may take their time. */
  readonly onOpen?: () => void;
}

/**
 * The events of one watch, until the server ends it: the end of the iteration. What the server reports as an error, and
 * what can't be read, is thrown as an {@link ApiError}.
 */
export async function* watchEvents(
  client: Pick<ApiClient, 'stream'>,
  request: WatchRequest,
): AsyncGenerator<WatchEvent> {
  const { path, query, signal } = request;
  const answer = await client.stream({ path, query: { ...query, watch: 'true' }, signal });
  request.onOpen?.();
  try {
    for await (const line of linesOf(answer, path)) yield eventOf(line, path);
  } finally {
    answer.destroy();
  }
}

/** Lines as they complete; a chunk may end within a character. */
async function* linesOf(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  try {
    for await (const chunk of chunks) {
      const [first = '', ...rest] = decoder.write(chunk).split('\n');
      pieces.push(first);
      for (const piece of rest) {
        const line = pieces.join('');
        pieces = [piece];
        if (line !== '') yield line;
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiError(`the watch of ${path} was cut: ${why}`, { status: 0, code: 'Unreachable', cause: error });
  }
}

function eventOf(line: string, path: string): WatchEvent {
  let event: WatchEvent | { readonly type: 'ERROR'; readonly object: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    // Nothing after it can be trusted: the watch is begun anew.
    throw new ApiError(`the watch of ${path} sent what is no JSON`, { status: 0, code: 'Unreadable', cause: error });
  }
  if (event.type === 'ERROR') throw errorOfStatus(500, event.object);
  if (event.type !== 'BOOKMARK') slim(event.object);
  return event;
}
