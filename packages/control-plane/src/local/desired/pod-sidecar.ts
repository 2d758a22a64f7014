/** The sidecar of a pod, as the pod's annotations have it. Pure. */
import { createHash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import { callerName } from '@heddle/mesh';
import { sidecarNodeId } from '../../sidecar/bootstrap.ts';
import type { PodInterception, Sidecar } from '../pod.ts';
import { serviceAccountOf } from './pod-field.ts';
import type { PodReading } from './pod-reading.ts';

/** Where sidecars come from and where they find the control plane. */
export interface SidecarPlaces {
  /** Path of the Envoy executable on the host. */
  readonly envoy: string;
  readonly runDirectory: string;
}

/** What `createRunDirectory` leaves room for. */
const longestName = 32;

/**
 * The directory of the host that a pod shares with the control plane, for its own socket. Named after the pod; after a hash
 * of its name where the path of a socket would become too long.
 */
export function xdsDirectory(runDirectory: string, pod: { readonly namespace: string; readonly name: string }): string {
  const name = `${pod.namespace}.${pod.name}`;
  const isShort = name.length <= longestName;
  return join(
    runDirectory,
    'xds',
    isShort ? name : createHash('sha256').update(name).digest('hex').slice(0, longestName),
  );
}

/**
 * The sidecar of a pod; null for a pod outside the mesh: one in the host's network, or annotated `heddle.dev/inject` with
 * `false` or `disabled`.
 */
export function podSidecar(reading: PodReading, ip: string, places: SidecarPlaces): Sidecar | null {
  const inject = reading.annotations['heddle.dev/inject'];
  if (reading.spec['hostNetwork'] === true || inject === 'false' || inject === 'disabled') return null;
  const interception = interceptionOf(reading);
  return {
    nodeId: sidecarNodeId({ ip, name: reading.name, namespace: reading.namespace }),
    caller: callerName(reading.namespace, serviceAccountOf(reading.spec)),
    envoy: places.envoy,
    xdsDirectory: xdsDirectory(places.runDirectory, reading),
    ...(Object.keys(interception).length > 0 && { interception }),
  };
}

const annotations = {
  excludeInboundPorts: 'heddle.dev/exclude-inbound-ports',
  excludeOutboundPorts: 'heddle.dev/exclude-outbound-ports',
  excludeOutboundCidrs: 'heddle.dev/exclude-outbound-cidrs',
} as const;

/** What leads past the sidecar; an item that can't be read leads nowhere past it, so that in doubt more is intercepted. */
function interceptionOf(reading: PodReading): PodInterception {
  const ports = (field: 'excludeInboundPorts' | 'excludeOutboundPorts') =>
    itemsOf(reading, annotations[field], { what: 'a port from 1 to 65535', fits: isPort }).map(Number);
  const interception = {
    excludeInboundPorts: ports('excludeInboundPorts'),
    excludeOutboundPorts: ports('excludeOutboundPorts'),
    excludeOutboundCidrs: itemsOf(reading, annotations.excludeOutboundCidrs, {
      what: 'an address range like 10.0.0.0/8',
      fits: isCidr,
    }),
  };
  return Object.fromEntries(Object.entries(interception).filter(([, items]) => items.length > 0));
}

function itemsOf(
  reading: PodReading,
  annotation: string,
  kind: { readonly what: string; readonly fits: (item: string) => boolean },
): string[] {
  const items = (reading.annotations[annotation] ?? '').split(',').flatMap(item => item.trim() || []);
  const wrong = items.filter(item => !kind.fits(item));
  if (wrong.length > 0) {
    const message = `${wrong.join(', ')}: each item must be ${kind.what}; what is not goes through the sidecar.`;
    reading.say('InvalidField', ['metadata', 'annotations', annotation], message);
  }
  return items.filter(item => kind.fits(item));
}

function isPort(item: string): boolean {
  return /^\d{1,5}$/.test(item) && Number(item) >= 1 && Number(item) <= 65_535;
}

function isCidr(item: string): boolean {
  const [address = '', prefix, ...rest] = item.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Whether an address is in a range like `10.244.0.0/16`. */
export function isInRange(address: string, range: string): boolean {
  const [network = '', prefix = '32'] = range.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return isIP(address) === 4 && list.check(address);
}
