import { join } from 'node:path';
import type { MeshModel } from '@heddle/mesh';
import type { Scenario } from '../scenario.ts';

const program = join(import.meta.dirname, '../../../packages/control-plane/src/traffic/echo.ts');

/** The server that stands in for the image of a workload. */
export interface EchoCommand {
  readonly command: readonly string[];
  /** Where it listens. */
  readonly ports: readonly number[];
}

/**
 * The command line of a server that answers as `workload` on every port that the scenario speaks of: those of its Services,
 * of its pods, and those that are called. What is closed is so for policy's sake then, not for want of a server.
 */
export function echoCommand(workload: string, { mesh, calls }: Scenario): EchoCommand {
  const spokenOf = [...portsOf(mesh.model), ...calls.map(({ call }) => call.to.port)];
  const ports = [...new Set(spokenOf)].filter(port => !isSidecars(port)).toSorted((a, b) => a - b);
  const greeting = greetingPorts(mesh.model);
  const kinds = ports.map(port => `${greeting.has(port) ? 'greet' : 'any'}=${port}`);
  return { command: [process.execPath, '--disable-warning=ExperimentalWarning', program, workload, ...kinds], ports };
}

function portsOf(model: MeshModel): number[] {
  return [...model.namespaces.values()].flatMap(({ services, workloads }) => [
    ...[...services.values()].flatMap(({ ports }) =>
      ports.flatMap(({ number, endpoints }) => [number, ...endpoints.map(({ port }) => port)]),
    ),
    ...[...workloads.values()].flatMap(({ ports }) => ports.map(({ number }) => number)),
  ]);
}

/** In every pod its sidecar listens here. */
function isSidecars(port: number): boolean {
  return port >= 15_000 && port < 15_100;
}

const serverFirst = /^(?:tcp-server-first|mysql|smtp|ftp|imap|pop3|ssh)\b/;

/** Ports of pods where the server speaks first (H2). */
function greetingPorts(model: MeshModel): ReadonlySet<number> {
  const services = [...model.namespaces.values()].flatMap(namespace => [...namespace.services.values()]);
  const ports = services.flatMap(service => service.ports).filter(({ name }) => serverFirst.test(name));
  return new Set(ports.flatMap(({ endpoints }) => endpoints.map(({ port }) => port)));
}
