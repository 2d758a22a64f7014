import { callEvent } from '@heddle/mesh';

/** Whether a line of a sidecar's log is one of its access log. */
export function isCallLine(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    return (JSON.parse(line) as { readonly event?: unknown }).event === callEvent;
  } catch {
    return false; // cut off, or an application's own
  }
}
