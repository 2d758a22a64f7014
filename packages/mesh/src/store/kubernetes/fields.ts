import { type KubeObject, Reader, type Violation } from '@heddle/smi';
import { isAddress } from '../../model/address.ts';

/** What could be read of an object of Kubernetes, and everything that is wrong with it. */
export interface Reading<Value> {
  /** Absent when nothing of it can be in force. */
  readonly value?: Value;
  readonly violations: readonly Violation[];
}

/** Reads an object from its root, collecting what is wrong. What can't be read is left out, closed where in doubt. */
export function readWith<Value>(object: KubeObject, read: (root: Reader) => Value | undefined): Reading<Value> {
  const violations: Violation[] = [];
  const value = read(new Reader(object, [], violations));
  return value === undefined ? { violations } : { value, violations };
}

/** The field of an object that may be absent; anything but an object is a violation, and reads as one without fields. */
export function section(parent: Reader, name: string): Reader {
  const field = parent.field(name);
  if (field.present) field.isObject();
  return field;
}

/** An IP address; absent and empty read as `undefined`. */
export function optionalAddress(field: Reader): string | undefined {
  const text = field.optionalString();
  if (text === undefined || text === '') return undefined;
  if (isAddress(text)) return text;
  return field.report('InvalidField', `${JSON.stringify(text)} is not an IPv4 or IPv6 address; write one.`);
}

/** Protocols of a port. */
export type Transport = 'TCP' | 'UDP' | 'SCTP';

const transports: readonly unknown[] = ['TCP', 'UDP', 'SCTP'] satisfies Transport[];

/** The protocol of a port; absent means TCP. */
export function transportOf(port: Reader): Transport | undefined {
  const field = port.field('protocol');
  if (!field.present) return 'TCP';
  if (transports.includes(field.value)) return field.value as Transport;
  return field.report('InvalidField', `protocol must be TCP, UDP or SCTP, not ${JSON.stringify(field.value)}.`);
}

/** Name of a container's port (IANA service name): at most 15 of `a-z0-9-`, a letter among them, no `--`, no `-` at an end. */
export function isPortName(text: string): boolean {
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

/** The name of an object as a reference writes it: a DNS subdomain. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(text);
}
