/** The containers of a pod as processes of this machine. Pure. */
import { posix } from 'node:path';
import type { FieldPath } from '@heddle/smi';
import { isRecord, type JsonRecord, recordOf } from '../../sources/record.ts';
import { readYaml } from '../../sources/yaml.ts';
import type { Container, Probe, VolumeMount } from '../pod.ts';
import { containerEnvironment } from './pod-environment.ts';
import type { PodReading } from './pod-reading.ts';

/**
 * The annotation that says what to run for images that have their command inside: a list (YAML or JSON), or else a line
 * for `sh -c`, whose `"$@"` are the container's `args`. It is for the containers of the pod that have no `command`; with
 * `.NAME` appended it is for the container of that name, whatever its `command`.
 */
export const localCommandAnnotation = 'heddle.dev/local-command';

/** Reads the containers of a pod; `volumes` are the names that can be mounted. */
export function podContainers(reading: PodReading, volumes: ReadonlySet<string>): Container[] {
  const written: readonly unknown[] = Array.isArray(reading.spec['containers']) ? reading.spec['containers'] : [];
  if (written.length === 0) reading.refuse(['spec', 'containers'], 'A pod needs at least one container.');
  const taken = new Set<string>();
  return written.flatMap((item, index) => {
    const container = recordOf(item);
    const path = ['spec', 'containers', index];
    const { name } = container;
    if (typeof name !== 'string' || !containerName.test(name) || taken.has(name)) {
      reading.refuse([...path, 'name'], 'A container needs a name of its own: lower case letters, digits and "-".');
      return [];
    }
    taken.add(name);
    const { workingDir } = container;
    return [
      {
        name,
        command: commandOf(reading, name, { container, path }),
        ...optional('args', textsOf(reading, container['args'], [...path, 'args'])),
        ...optional('env', containerEnvironment(reading, container, path)),
        ...(typeof workingDir === 'string' && workingDir !== '' && { workingDir }),
        ...optional('volumeMounts', mountsOf(reading, { container, path }, volumes)),
        ...optional('ports', portsOf(container)),
        ...probesOf(reading, { container, path }),
      },
    ];
  });
}

const containerName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

interface At {
  readonly container: JsonRecord;
  readonly path: FieldPath;
}

function commandOf(reading: PodReading, name: string, { container, path }: At): readonly string[] {
  const own = localCommand(reading, `${localCommandAnnotation}.${name}`, name);
  const written = own ?? textsOf(reading, container['command'], [...path, 'command']);
  if (written.length > 0) return written;
  const command = localCommand(reading, localCommandAnnotation, name);
  if (command !== undefined) return command;
  reading.refuse(
    path,
    `The container ${name} has no command, and images are not run here: give it a command, or annotate the pod with ${localCommandAnnotation}: '["program", "argument"]'.`,
    'NoCommand',
  );
  return [];
}

function localCommand(reading: PodReading, annotation: string, container: string): readonly string[] | undefined {
  const text = reading.annotations[annotation];
  if (text === undefined || text.trim() === '') return undefined;
  const [list] = readYaml(text).documents;
  const isWritten = Array.isArray(list) && list.length > 0 && list.every(word => typeof word !== 'object');
  if (isWritten) return list.map(String);
  if (Array.isArray(list) || /^\s*\[ *["'\]]/.test(text)) {
    reading.refuse(['metadata', 'annotations', annotation], 'This is not a list of a program and its arguments.');
  }
  return ['sh', '-c', text, container];
}

function textsOf(reading: PodReading, value: unknown, path: FieldPath): readonly string[] {
  if (value === undefined || value === null) return [];
  const items: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  if (items === undefined) {
    reading.refuse(path, `${String(path.at(-1))} must be a list of texts.`);
    return [];
  }
  return items.map((item, index) => {
    if (typeof item === 'string') return item;
    reading.refuse([...path, index], `Each item of ${String(path.at(-1))} must be a text: put it in quotes.`);
    return '';
  });
}

function mountsOf(reading: PodReading, { container, path }: At, volumes: ReadonlySet<string>): VolumeMount[] {
  const mounts: readonly unknown[] = Array.isArray(container['volumeMounts']) ? container['volumeMounts'] : [];
  return mounts.map(recordOf).flatMap(({ name, mountPath, subPath, readOnly }, index) => {
    const at = [...path, 'volumeMounts', index];
    if (typeof name !== 'string' || !volumes.has(name)) {
      reading.refuse([...at, 'name'], `The pod has no volume ${JSON.stringify(name ?? '')}.`);
      return [];
    }
    if (typeof mountPath !== 'string' || !mountPath.startsWith('/')) {
      reading.refuse([...at, 'mountPath'], 'mountPath must be an absolute path.');
      return [];
    }
    if (typeof subPath === 'string' && (subPath.startsWith('/') || posix.normalize(subPath).startsWith('..'))) {
      reading.refuse([...at, 'subPath'], `${JSON.stringify(subPath)} is not a path inside a volume.`);
      return [];
    }
    return [
      {
        name,
        mountPath,
        ...(typeof subPath === 'string' && subPath !== '' && { subPath }),
        ...(readOnly === true && { readOnly }),
      },
    ];
  });
}

function portsOf(container: JsonRecord): NonNullable<Container['ports']> {
  const ports: readonly unknown[] = Array.isArray(container['ports']) ? container['ports'] : [];
  return ports.map(recordOf).flatMap(({ name, containerPort }) => {
    if (typeof containerPort !== 'number') return [];
    return [typeof name === 'string' ? { name, containerPort } : { containerPort }];
  });
}

const probeFields = ['readinessProbe', 'livenessProbe', 'startupProbe'] as const;
const probeNumbers = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold'];

function probesOf(reading: PodReading, { container, path }: At): Partial<Record<(typeof probeFields)[number], Probe>> {
  const probes: Partial<Record<(typeof probeFields)[number], Probe>> = {};
  for (const field of probeFields) {
    const written = container[field];
    const probe = isRecord(written) ? probeOf(reading, written, [...path, field]) : undefined;
    if (probe !== undefined) probes[field] = probe;
  }
  return probes;
}

/** A probe of a kind that there is not here (gRPC) is none; as in Kubernetes a number of 0 means the default. */
function probeOf(reading: PodReading, written: JsonRecord, path: FieldPath): Probe | undefined {
  const { httpGet, tcpSocket, exec } = written;
  const numbers: Record<string, number> = {};
  for (const field of probeNumbers) {
    const value = written[field] ?? 0;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
      reading.refuse([...path, field], `${field} must be a whole number, 0 or more.`);
    } else if (value > 0) numbers[field] = value;
  }
  if (isRecord(exec))
    return { exec: { command: textsOf(reading, exec['command'], [...path, 'exec', 'command']) }, ...numbers };
  const target = [httpGet, tcpSocket].find(isRecord);
  if (target === undefined) return undefined;
  const { port } = target;
  if (typeof port !== 'number' && typeof port !== 'string') {
    reading.refuse(
      [...path, target === httpGet ? 'httpGet' : 'tcpSocket', 'port'],
      'A probe needs a port: a number, or the name of a port.',
    );
    return undefined;
  }
  return target === httpGet
    ? { httpGet: { ...httpTarget(target), port }, ...numbers }
    : { tcpSocket: { port }, ...numbers };
}

function httpTarget({ path, scheme, httpHeaders }: JsonRecord): Omit<NonNullable<Probe['httpGet']>, 'port'> {
  const headers: readonly unknown[] = Array.isArray(httpHeaders) ? httpHeaders : [];
  return {
    ...(typeof path === 'string' && path !== '' && { path }),
    ...(scheme === 'HTTPS' && { scheme }),
    ...optional(
      'httpHeaders',
      headers.map(recordOf).flatMap(({ name, value }) => {
        return typeof name === 'string' && typeof value === 'string' ? [{ name, value }] : [];
      }),
    ),
  };
}

/** A field with a list, left out where the list is empty. */
function optional<Name extends string, Item>(
  name: Name,
  items: readonly Item[],
): Partial<Record<Name, readonly Item[]>> {
  return (items.length === 0 ? {} : { [name]: items }) as Partial<Record<Name, readonly Item[]>>;
}
