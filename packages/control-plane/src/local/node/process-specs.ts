/** From a pod to the processes that it consists of. Pure. */
import { sidecarBootstrap } from '../../sidecar/bootstrap.ts';
import { envoyFlags } from '../../sidecar/envoy-flags.ts';
import { sidecarMark } from '../../sidecar/interception.ts';
import type { Container, Pod, Sidecar } from '../pod.ts';
import { applicationCapabilities, sidecarCapabilities } from '../sandbox/enter-pod.ts';
import { expandCommand, expandEnvironment } from './expand.ts';
import type { ProcessSpec } from './pod-process.ts';

/** The process of a container. Its environment is the node's, then HOSTNAME, then what the container says. */
export function containerProcess(
  pod: Pod,
  container: Container,
  environment: Readonly<Record<string, string>>,
): ProcessSpec {
  const values = expandEnvironment(container.env ?? []);
  return {
    name: container.name,
    command: expandCommand(container, values),
    environment: { ...environment, HOSTNAME: pod.name, ...Object.fromEntries(values) },
    workingDirectory: container.workingDir ?? '/',
    capabilities: applicationCapabilities,
    restartPolicy: pod.restartPolicy ?? 'Always',
  };
}

/** Local pods see little traffic: one worker. What an Envoy logs is there within a second. */
const flags = ['--concurrency', '1', ...envoyFlags, '--file-flush-interval-msec', '1000'];

/** What the Envoy of a pod writes into its own log. */
export function logLevelOf({ sidecar }: Pod): string {
  return sidecar?.logLevel ?? 'warning';
}

/** The Envoy of a pod. */
export function sidecarProcess(pod: Pod, sidecar: Sidecar, environment: Readonly<Record<string, string>>): ProcessSpec {
  const bootstrap = sidecarBootstrap({
    nodeId: sidecar.nodeId,
    nodeCluster: `${pod.namespace}/${pod.name}`,
    caller: sidecar.caller,
    admin: { pipe: '/run/heddle/admin/admin.sock' },
    xds: { pipe: '/run/heddle/xds/xds.sock' },
    mark: sidecar.interception === null ? undefined : sidecarMark,
  });
  return {
    name: 'sidecar',
    command: [sidecar.envoy, '--config-yaml', JSON.stringify(bootstrap), ...flags, '--log-level', logLevelOf(pod)],
    environment,
    workingDirectory: '/',
    capabilities: sidecarCapabilities,
    restartPolicy: 'Always',
  };
}
