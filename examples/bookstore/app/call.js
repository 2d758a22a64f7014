import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Makes one call over a connection that is kept. Never throws: the answer is `{outcome, said, body}`, where `said`
 * is the status, or that there was none. The other side may not be there yet.
 */
export async function call(name, method, url, { content, fetch = globalThis.fetch } = {}) {
  try {
    const response = await fetch(url, {
      method,
      headers: { 'user-agent': name, ...(content && { 'content-type': 'application/json' }) },
      body: content && JSON.stringify(content),
      signal: AbortSignal.timeout(2_000),
    });
    const text = await response.text();
    if (response.ok) return { outcome: 'done', said: `${response.status}`, body: JSON.parse(text) };
    return { outcome: response.status === 403 ? 'refused' : 'failed', said: `${response.status}` };
  } catch {
    // Not resolved, not connected, cut off, too late, or not JSON: all the same to whoever waits for a book.
    return { outcome: 'failed', said: 'no answer' };
  }
}

/** Takes a step again and again, starting one each `interval` milliseconds, but never two at once. */
export async function every(interval, step) {
  for (;;) {
    const next = performance.now() + interval;
    await step();
    await sleep(Math.max(0, next - performance.now()));
  }
}
