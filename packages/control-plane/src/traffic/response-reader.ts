/** An HTTP/1.1 response, read from the bytes of a connection. Pure. */
import type { HttpAnswer } from './mesh-answer.ts';

/** What came is not HTTP/1.1. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

/** A response, and whether another request may follow on its connection. */
export interface HttpResponse extends HttpAnswer {
  readonly reusable: boolean;
}

type State =
  | { readonly at: 'head' | 'chunk' | 'trailer' | 'rest' }
  | { readonly at: 'bytes'; readonly left: number; readonly chunked: boolean };

const maxHead = 256 * 1024;

/** How much of a body is kept, in bytes. */
const keptBody = 64 * 1024;

/**
 * Reads one response. Interim ones (1xx) are skipped, but for 101, after which the connection is no longer HTTP's.
 * A refusal to read further is a thrown {@link MalformedResponse}.
 */
export class ResponseReader {
  readonly #isHead: boolean;
  #pending: Buffer = Buffer.alloc(0);
  #state: State = { at: 'head' };
  #status = 0;
  #headers: ReadonlyMap<string, string> = new Map();
  #body: Buffer[] = [];
  #kept = 0;
  #reusable = false;

  /** `method` is that of the request: HEAD has no body, whatever its headers say. */
  constructor(method: string) {
    this.#isHead = method === 'HEAD';
  }

  /** Takes bytes; gives the response once it is whole. */
  push(chunk: Buffer): HttpResponse | undefined {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const { at } = this.#state;
      const next =
        at === 'head'
          ? this.#readHead()
          : at === 'chunk'
            ? this.#readChunk()
            : at === 'trailer'
              ? this.#readTrailer()
              : this.#readBody();
      if (next === 'done') return this.#response();
      if (next === undefined) return undefined;
      this.#state = next;
    }
  }

  /** The connection has ended: that is the end of some responses, and breaks others off. */
  end(): HttpResponse | undefined {
    return this.#state.at === 'rest' ? this.#response() : undefined;
  }

  #response(): HttpResponse {
    const body = Buffer.concat(this.#body).toString();
    const reusable = this.#reusable && this.#pending.length === 0;
    return { status: this.#status, headers: this.#headers, body, reusable };
  }

  #readHead(): State | 'done' | undefined {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0 && this.#pending.length > maxHead) throw new MalformedResponse('the head of the response does not end');
    const start = this.#pending.subarray(0, 5).toString('latin1');
    if (!'HTTP/'.startsWith(start)) throw new MalformedResponse('the answer is not HTTP');
    if (end < 0) return undefined;
    const [line = '', ...fields] = this.#pending.subarray(0, end).toString('latin1').split('\r\n');
    this.#pending = this.#pending.subarray(end + 4);
    const [, version, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(line) ?? [];
    if (status === undefined) throw new MalformedResponse(`${JSON.stringify(line)} is no status line`);
    this.#status = Number(status);
    if (this.#status < 200 && this.#status !== 101) return { at: 'head' };
    this.#headers = headersOf(fields);
    return this.#framing(version === '1');
  }

  #framing(isPersistent: boolean): State | 'done' {
    const connection = (this.#headers.get('connection') ?? '').toLowerCase();
    this.#reusable = isPersistent && !connection.includes('close') && this.#status !== 101;
    const isBare = this.#isHead || this.#status === 101 || this.#status === 204 || this.#status === 304;
    if (isBare) return 'done';
    if (/\bchunked\b/i.test(this.#headers.get('transfer-encoding') ?? '')) return { at: 'chunk' };
    const length = this.#headers.get('content-length');
    if (length === undefined) {
      this.#reusable = false;
      return { at: 'rest' };
    }
    if (!/^\d+$/.test(length)) throw new MalformedResponse(`${JSON.stringify(length)} is no length`);
    return length === '0' ? 'done' : { at: 'bytes', left: Number(length), chunked: false };
  }

  #readBody(): State | 'done' | undefined {
    const { length } = this.#pending;
    if (length === 0) return undefined;
    if (this.#state.at !== 'bytes') {
      this.#keep(this.#pending);
      this.#pending = Buffer.alloc(0);
      return undefined;
    }
    const { left, chunked } = this.#state;
    const taken = this.#pending.subarray(0, left);
    this.#pending = this.#pending.subarray(taken.length);
    // A chunk's last two bytes end its line.
    this.#keep(chunked ? taken.subarray(0, Math.max(0, left - 2)) : taken);
    if (taken.length < left) return { at: 'bytes', left: left - taken.length, chunked };
    return chunked ? { at: 'chunk' } : 'done';
  }

  #readChunk(): State | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const size = /^[0-9a-fA-F]+/.exec(line)?.[0];
    if (size === undefined) throw new MalformedResponse(`${JSON.stringify(line)} is no size of a chunk`);
    const bytes = Number.parseInt(size, 16);
    return bytes === 0 ? { at: 'trailer' } : { at: 'bytes', left: bytes + 2, chunked: true };
  }

  #readTrailer(): State | 'done' | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    return line === '' ? 'done' : { at: 'trailer' };
  }

  #line(): string | undefined {
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#pending.subarray(0, end).toString('latin1');
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  #keep(bytes: Buffer): void {
    const kept = bytes.subarray(0, keptBody - this.#kept);
    this.#kept += kept.length;
    if (kept.length > 0) this.#body.push(kept);
  }
}

function headersOf(fields: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon < 0) continue;
    const name = field.slice(0, colon).trim().toLowerCase();
    const value = field.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}
