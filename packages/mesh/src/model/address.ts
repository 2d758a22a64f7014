const byte = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const group = /^[0-9a-f]{1,4}$/i;

/** Whether a text is an IPv4 or IPv6 address as Kubernetes writes it: without leading zeros, zone, port or length. */
export function isAddress(text: string): boolean {
  if (!text.includes(':')) {
    const bytes = text.split('.');
    return bytes.length === 4 && bytes.every(part => byte.test(part));
  }
  const halves = text.split('::');
  const groups = halves.flatMap(half => (half === '' ? [] : half.split(':')));
  return (
    groups.every(part => group.test(part)) && (halves.length === 1 ? groups.length === 8 : isShortened(halves, groups))
  );
}

/** `::` stands for at least one group of zeros, and stands once. */
function isShortened(halves: readonly string[], groups: readonly string[]): boolean {
  return halves.length === 2 && groups.length < 8;
}
