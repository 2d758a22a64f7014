/** Whether an address is in a range like `10.96.0.0/12` or `fd00:10:96::/112`; a range without a length is one address. */
export function isInRange(address: string, range: string): boolean {
  const [base = '', length = '128'] = range.split('/');
  const [own, first] = [partsOf(address), partsOf(base)];
  const width = own.length === 4 ? 8 : 16;
  return (
    own.length === first.length &&
    own.every((part, index) => {
      const bits = Math.min(Math.max(Number(length) - index * width, 0), width);
      return part >> (width - bits) === (first[index] ?? 0) >> (width - bits);
    })
  );
}

/** The 4 bytes of an IPv4 address, the 8 groups of an IPv6 address. */
function partsOf(address: string): readonly number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [head = [], tail = []] = address.split('::').map(half => half.split(':').filter(group => group !== ''));
  const zeros = Array<string>(Math.max(8 - head.length - tail.length, 0)).fill('0');
  return [...head, ...zeros, ...tail].map(group => Number.parseInt(group, 16));
}
