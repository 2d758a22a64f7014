import type { FieldPath, KubeObject, Reader } from '@heddle/smi';
import { isPortName, optionalAddress, type Reading, readWith, section, type Transport, transportOf } from './fields.ts';

/** What the mesh reads of a Service. */
export interface ServiceSpec {
  /** Cluster IPs; empty for a headless Service and for one whose address is not known. */
  readonly addresses: readonly string[];
  readonly headless: boolean;
  /** Whether its pods count as ready whatever their probes say, as peers that look for each other at their start need it. */
  readonly publishNotReady: boolean;
  /** Labels of the pods behind it; `undefined` when it has no selector. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly ports: readonly ServicePortSpec[];
  /** Whether the front door shows it: the annotation `heddle.dev/expose`, unless it says `false`. */
  readonly exposed: boolean;
}

/** What the mesh reads of one port of a Service. */
export interface ServicePortSpec {
  readonly name: string;
  readonly number: number;
  /** A port of the pod: a number, or the name of a container's port. */
  readonly targetPort: number | string;
  readonly transport: Transport;
  readonly appProtocol: string | undefined;
  readonly path: FieldPath;
}

/**
 * Reads a Service; what is missing takes Kubernetes' defaults. A port of which a part can't be read is left out: its number,
 * its target or its protocol would be a guess. A selector of which a part can't be read picks no pod, rather than more.
 */
export function readService(object: KubeObject): Reading<ServiceSpec> {
  return readWith(object, root => {
    const spec = section(root, 'spec');
    return {
      addresses: readAddresses(spec),
      headless: spec.field('clusterIP').value === 'None',
      publishNotReady: spec.field('publishNotReadyAddresses').optionalBoolean() ?? false,
      selector: spec.field('selector').optionalStringMap(),
      ports: readPorts(spec.field('ports')),
      exposed: (object.metadata.annotations?.['heddle.dev/expose'] ?? 'false') !== 'false',
    };
  });
}

function readAddresses(spec: Reader): readonly string[] {
  const own = readAddress(spec.field('clusterIP'));
  const all = spec
    .field('clusterIPs')
    .items()
    .flatMap(item => readAddress(item) ?? []);
  return all.length > 0 ? all : own === undefined ? [] : [own];
}

function readAddress(field: Reader): string | undefined {
  return field.value === 'None' ? undefined : optionalAddress(field);
}

function readPorts(list: Reader): readonly ServicePortSpec[] {
  const ports: ServicePortSpec[] = [];
  for (const item of list.items()) {
    const port = readPort(item);
    if (port === undefined) continue;
    const { number, transport, name } = port;
    if (ports.some(other => other.number === number && other.transport === transport)) {
      item.field('port').report('InvalidField', `Port ${number} ${transport} is there already; remove one of the two.`);
    } else if (name !== '' && ports.some(other => other.name === name)) {
      item.field('name').report('InvalidField', `A port named ${name} is there already; give each its own name.`);
    } else {
      ports.push(port);
    }
  }
  return ports;
}

function readPort(item: Reader): ServicePortSpec | undefined {
  if (!item.isObject()) return undefined;
  const number = item.field('port').requiredPort();
  const target = readTarget(item.field('targetPort'), number);
  const transport = transportOf(item);
  const name = textOf(item.field('name'));
  const appProtocol = textOf(item.field('appProtocol'));
  if (number === undefined || target === undefined || transport === undefined) return undefined;
  if (name === unreadable || appProtocol === unreadable) return undefined;
  return { name: name ?? '', number, targetPort: target, transport, appProtocol, path: item.path };
}

const unreadable = Symbol('unreadable');

function textOf(field: Reader): string | undefined | typeof unreadable {
  const text = field.optionalString();
  return text === undefined && field.present ? unreadable : text;
}

/** A number, a name, or a number in quotes, as Kubernetes' IntOrString is often written; absent: the Service's own number. */
function readTarget(field: Reader, own: number | undefined): number | string | undefined {
  const { value } = field;
  if (!field.present) return own;
  if (typeof value === 'string' && /^\d+$/.test(value)) return inRange(field, Number(value));
  if (typeof value === 'number') return inRange(field, value);
  if (typeof value === 'string' && isPortName(value)) return value;
  return refuseTarget(field);
}

function inRange(field: Reader, number: number): number | undefined {
  return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : refuseTarget(field);
}

function refuseTarget(field: Reader): undefined {
  const written = JSON.stringify(field.value);
  return field.report(
    'InvalidField',
    `targetPort must be a port number from 1 to 65535 or the name of a container's port (at most 15 of a-z, 0-9 and "-"), not ${written}.`,
  );
}
