/**
 * The iptables rules that lead a pod's TCP traffic through its sidecar: options in, text for `iptables-restore` and
 * `ip6tables-restore` out. The local mesh and the Kubernetes init container run the same rules.
 */
import { isIPv6 } from 'node:net';

/** The port on which a sidecar takes what its pod sends. */
export const outboundPort = 15001;

/** The port on which a sidecar takes what is sent to its pod. */
export const inboundPort = 15006;

/** SO_MARK of the connections that a sidecar makes itself. */
export const sidecarMark = 1337;

/** What leads past the sidecar. Addresses and ranges of the other IP family are left out of a family's rules. */
export interface InterceptionOptions {
  /**
   * How the sidecar's own connections are known: by its mark (Envoy needs CAP_NET_ADMIN to set it), or by its user id.
   * In a user namespace only mapped ids can be matched.
   */
  readonly sidecar: { readonly mark: number } | { readonly uid: number };
  /** TCP to port 53 of these addresses is left alone, as UDP always is. */
  readonly dnsServers?: readonly string[];
  readonly excludeInboundPorts?: readonly number[];
  /** Who sends from here reaches the pod's ports directly: the node, for its probes. */
  readonly excludeInboundCidrs?: readonly string[];
  readonly excludeOutboundPorts?: readonly number[];
  readonly excludeOutboundCidrs?: readonly string[];
  /** Absent: everything that is not excluded. Else only what arrives for these ports. */
  readonly includeInboundPorts?: readonly number[];
  /** Absent: everything that is not excluded. Else only what is sent to these ports. */
  readonly includeOutboundPorts?: readonly number[];
  /** Absent: everything that is not excluded. Else only what is sent to these addresses. */
  readonly includeOutboundCidrs?: readonly string[];
}

/** Input for `iptables-restore` and for `ip6tables-restore`. */
export interface InterceptionRules {
  readonly ipv4: string;
  readonly ipv6: string;
}

/**
 * Renders the nat tables of a pod.
 *
 * Inbound: all TCP that arrives on a device goes to the inbound port, whatever its destination port is, the sidecar's own
 * ports included. Outbound: all TCP that leaves over a device goes to the outbound port, but for the sidecar's own. What
 * stays on the loopback device is left alone in both directions: calls to 127.0.0.0/8 and ::1, calls of an application to
 * its own pod address, and the sidecar's calls to the application. But a sidecar that calls a Service for its application
 * and is led to its own pod goes to the inbound port like any other caller: its connections to others are known by their
 * mark (by a user id they can't be told from those to the application, and such a call fails).
 */
export function interceptionRules(options: InterceptionOptions): InterceptionRules {
  return { ipv4: table(options, address => !isIPv6(host(address))), ipv6: table(options, a => isIPv6(host(a))) };
}

function table(options: InterceptionOptions, ofFamily: (address: string) => boolean): string {
  const { sidecar } = options;
  const own =
    'mark' in sidecar
      ? `-m mark --mark ${hex(sidecar.mark)} -j RETURN`
      : `-m owner --uid-owner ${sidecar.uid} -j RETURN`;
  const inbound = [
    '-i lo -j RETURN',
    ...(options.excludeInboundCidrs ?? []).filter(ofFamily).map(cidr => `-s ${cidr} -j RETURN`),
    ...(options.excludeInboundPorts ?? []).map(port => `-p tcp --dport ${port} -j RETURN`),
    ...ports(options.includeInboundPorts).map(match => `${match} -j REDIRECT --to-ports ${inboundPort}`),
  ];
  const outbound = [
    ...toItself(sidecar, ofFamily),
    '-o lo -j RETURN',
    own,
    ...(options.dnsServers ?? []).filter(ofFamily).map(address => `-d ${address} -p tcp --dport 53 -j RETURN`),
    ...(options.excludeOutboundCidrs ?? []).filter(ofFamily).map(cidr => `-d ${cidr} -j RETURN`),
    ...(options.excludeOutboundPorts ?? []).map(port => `-p tcp --dport ${port} -j RETURN`),
    ...included(options, ofFamily).map(match => `${match} -j REDIRECT --to-ports ${outboundPort}`),
  ];
  return [
    '*nat',
    ':HEDDLE_INBOUND - [0:0]',
    ':HEDDLE_OUTBOUND - [0:0]',
    '-A PREROUTING -p tcp -j HEDDLE_INBOUND',
    '-A OUTPUT -p tcp -j HEDDLE_OUTBOUND',
    ...inbound.map(rule => `-A HEDDLE_INBOUND ${rule}`),
    ...outbound.map(rule => `-A HEDDLE_OUTBOUND ${rule}`),
    'COMMIT',
    '',
  ].join('\n');
}

function ports(included: readonly number[] | undefined): string[] {
  return included === undefined ? ['-p tcp'] : included.map(port => `-p tcp --dport ${port}`);
}

/** Where ports and addresses are named both must fit. */
function included(
  { includeOutboundPorts, includeOutboundCidrs }: InterceptionOptions,
  ofFamily: (address: string) => boolean,
): string[] {
  const destinations = includeOutboundCidrs?.filter(ofFamily).map(cidr => `-d ${cidr} `) ?? [''];
  return destinations.flatMap(destination => ports(includeOutboundPorts).map(match => `${destination}${match}`));
}

/** Only connections to others are marked: those of a sidecar to its application lead there. */
function toItself(sidecar: InterceptionOptions['sidecar'], ofFamily: (address: string) => boolean): string[] {
  if ('uid' in sidecar) return [];
  const [loopback = ''] = ['127.0.0.0/8', '::1/128'].filter(ofFamily);
  return [`-o lo ! -d ${loopback} -p tcp -m mark --mark ${hex(sidecar.mark)} -j REDIRECT --to-ports ${inboundPort}`];
}

function host(cidr: string): string {
  return cidr.split('/', 1)[0] ?? cidr;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
