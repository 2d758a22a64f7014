/** The network of the node: addresses, and what is fed to `ip -batch`. Pure. */

/** An IPv4 range whose first address is the node's own. */
export interface PodNetwork {
  /** Address of the bridge: gateway and DNS server of every pod. */
  readonly gateway: string;
  readonly prefixLength: number;
}

/** Name of the bridge inside the node's network namespace. */
export const bridgeName = 'heddle0';

/** Reads a range such as `10.244.0.0/16`. Throws a RangeError where it is not an IPv4 range of at least four addresses. */
export function podNetwork(cidr: string): PodNetwork {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr)?.slice(1).map(Number);
  if (parts === undefined) throw new RangeError(`${cidr} is not an IPv4 range`);
  const [a = 0, b = 0, c = 0, d = 0, prefixLength = 0] = parts;
  if ([a, b, c, d].some(byte => byte > 255) || prefixLength < 8 || prefixLength > 30) {
    throw new RangeError(`${cidr} is not an IPv4 range between /8 and /30`);
  }
  const mask = (0xffffffff << (32 - prefixLength)) >>> 0;
  const first = ((((a << 24) | (b << 16) | (c << 8) | d) & mask) >>> 0) + 1;
  return { gateway: [24, 16, 8, 0].map(shift => (first >>> shift) & 255).join('.'), prefixLength };
}

/**
 * Sets up the node's network namespace. There is no way out of it: calls to addresses that no pod has end at once with
 * `No route to host`.
 */
export function nodeNetworkCommands({ gateway, prefixLength }: PodNetwork): string {
  return lines([
    'link set lo up',
    `link add ${bridgeName} address ${hardwareAddress(gateway)} type bridge`,
    `addr add ${gateway}/${prefixLength} dev ${bridgeName}`,
    `link set ${bridgeName} up`,
    'route add unreachable default',
  ]);
}

/**
 * Sets up a pod's network namespace; run inside it, where `/proc/1` is still the node's. Everything that is not in the pod
 * network leaves over the default route, so that interception sees it. The pod network is IPv4; IPv6 is there on the
 * loopback device only, without even link-local addresses.
 */
export function podNetworkCommands(ip: string, link: string, { gateway, prefixLength }: PodNetwork): string {
  return lines([
    'link set lo up',
    `link add eth0 address ${hardwareAddress(ip)} type veth peer name ${link} netns /proc/1/ns/net`,
    `addr add ${ip}/${prefixLength} dev eth0`,
    'link set eth0 addrgenmode none up',
    `route add default via ${gateway}`,
  ]);
}

/**
 * A pod that takes over an address takes over the hardware address with it, and the bridge keeps its own whoever joins:
 * else neighbours would send into the void until they ask again.
 */
function hardwareAddress(ip: string): string {
  const bytes = ip.split('.').map(byte => Number(byte).toString(16).padStart(2, '0'));
  return ['02', '00', ...bytes].join(':');
}

function lines(commands: readonly string[]): string {
  return commands.map(command => `${command}\n`).join('');
}
