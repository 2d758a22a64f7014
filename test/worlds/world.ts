import type { KubeObject } from '@heddle/smi';

/** A port of a Service, and the port of the pod behind it; the name says what it speaks (H2). */
export interface WorldPort {
  readonly name: string;
  /** Of the Service. */
  readonly number: number;
  /** Of the pod. */
  readonly target: number;
}

/** A workload that calls and is called: one pod, and a service account and a Service of its name. */
export interface WorldWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly WorldPort[];
}

/** A Service over several workloads of its namespace; it has those of their ports that all of them name alike. */
export interface SharedService {
  readonly namespace: string;
  readonly name: string;
  readonly workloads: readonly string[];
  /** Has no address of its own. */
  readonly headless?: boolean;
}

/** A Service as clients know it. */
export interface WorldService {
  readonly namespace: string;
  readonly name: string;
  /** Names of the workloads behind it. */
  readonly workloads: readonly string[];
  readonly ports: readonly Omit<WorldPort, 'target'>[];
  /** Ports that its clients connect to: those of its pods where it is headless. */
  readonly called: readonly Omit<WorldPort, 'target'>[];
  readonly headless: boolean;
}

/** The pods and Services that random policies are drawn over. */
export interface World {
  readonly workloads: readonly WorldWorkload[];
  readonly shared: readonly SharedService[];
  /** In every namespace, a name that has no Service and may become the root of a split. */
  readonly logicalRoot: string;
}

const data: WorldPort = { name: 'data', number: 7000, target: 7000 };
const http: WorldPort = { name: 'http', number: 80, target: 8080 };
const tcp: WorldPort = { name: 'tcp', number: 9000, target: 9000 };

/**
 * Six workloads in three namespaces; fixed, so that a test with real pods can start them once. Ports of one number don't
 * always speak the same, nor lead to the same port of the pod; `data` is a name that leaves the protocol to be detected.
 */
export const fixedWorld: World = {
  workloads: [
    { namespace: 'shop', name: 'web', ports: [http, { name: 'mysql', number: 3306, target: 3306 }] },
    { namespace: 'shop', name: 'cart', ports: [http, tcp, data] },
    { namespace: 'stock', name: 'books', ports: [http, tcp, data] },
    {
      namespace: 'stock',
      name: 'toys',
      ports: [{ ...http, target: 9090 }, tcp, { name: 'http-odd', number: 7000, target: 7000 }],
    },
    { namespace: 'bank', name: 'pay', ports: [{ ...http, name: 'grpc' }, tcp] },
    { namespace: 'bank', name: 'audit', ports: [http, { ...data, number: 9000 }] },
  ],
  shared: [{ namespace: 'stock', name: 'goods', workloads: ['books', 'toys'] }],
  logicalRoot: 'front',
};

/** The same pods with headless Services over them, two of which share some. */
export const headlessWorld: World = {
  ...fixedWorld,
  shared: [
    ...fixedWorld.shared,
    { namespace: 'stock', name: 'peers', workloads: ['books', 'toys'], headless: true },
    { namespace: 'stock', name: 'only', workloads: ['toys'], headless: true },
    { namespace: 'bank', name: 'banks', workloads: ['pay'], headless: true },
  ],
};

/** The namespaces of a world. */
export function namespacesOf(world: World): string[] {
  return [...new Set(world.workloads.map(({ namespace }) => namespace))];
}

/** The Services of a world: that of each workload, then the shared ones. */
export function servicesOf({ workloads, shared }: World): WorldService[] {
  const own = workloads.map(({ namespace, name, ports }) => ({
    namespace,
    name,
    workloads: [name],
    ports,
    called: ports,
    headless: false,
  }));
  return [
    ...own,
    ...shared.map(({ namespace, name, workloads: names, headless = false }) => {
      const behind = workloads.filter(one => one.namespace === namespace && names.includes(one.name));
      const [first, ...others] = behind.map(({ ports }) => ports);
      const ports = (first ?? []).filter(port => others.every(list => list.some(other => other.name === port.name)));
      const atPods = behind.flatMap(one => one.ports.map(port => ({ name: port.name, number: port.target })));
      return { namespace, name, workloads: names, ports, called: headless ? atPods : ports, headless };
    }),
  ];
}

/**
 * Pods and Services of a world, as one would apply them: addresses are the source's to give. `commandOf` tells what a pod
 * runs, where it is to run.
 */
export function objectsOf(world: World, commandOf?: (workload: WorldWorkload) => readonly string[]): KubeObject[] {
  const services = servicesOf(world);
  const pods = world.workloads.map((workload): KubeObject => {
    const { namespace, name, ports } = workload;
    const behind = services.filter(service => service.namespace === namespace && service.workloads.includes(name));
    const container = {
      name,
      ports: ports.map(port => ({ name: port.name, containerPort: port.target })),
      ...(commandOf && { command: commandOf(workload), readinessProbe: { tcpSocket: { port: ports[0]?.target } } }),
    };
    const labels = Object.fromEntries(behind.map(service => [`behind-${service.name}`, 'yes']));
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels },
      spec: { serviceAccountName: name, containers: [container] },
    };
  });
  return [
    ...pods,
    ...services.map(({ namespace, name, ports, headless }) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: {
        ...(headless && { clusterIP: 'None' }),
        selector: { [`behind-${name}`]: 'yes' },
        ports: ports.map(port => ({ name: port.name, port: port.number, targetPort: port.name })),
      },
    })),
  ];
}
