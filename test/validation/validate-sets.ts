import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import {
  configurations,
  createCompiler,
  createEnvoyRenderer,
  defaultSettings,
  type EnvoyOutput,
  ResourceStore,
  startSettings,
  staticResources,
  type XdsResource,
} from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { CertificateAuthority } from '../../packages/control-plane/src/identity/ca.ts';
import { frontDoor, frontDoorObjects } from '../../packages/control-plane/src/local/desired/front-door.ts';
import { sidecarBootstrap } from '../../packages/control-plane/src/sidecar/bootstrap.ts';
import { completedSources } from '../worlds/mesh-of.ts';
import { hostileSet, hostileSettings } from './hostile-set.ts';

/** What Envoy does not take. */
export interface Complaint {
  /** Of the set that it is about. */
  readonly seed: number;
  readonly message: string;
}

/** How it went. */
export interface Outcome {
  readonly sets: number;
  /** Resources that Envoy was shown. */
  readonly resources: number;
  readonly complaints: readonly Complaint[];
}

/**
 * Shows Envoy all that sidecars would get in a mesh of some sets, in one start; where it complains, in halves, until one set
 * is left.
 */
export async function validateSets(envoy: string, seeds: readonly number[]): Promise<Outcome> {
  const layers = layersOf([...seeds.flatMap(hostileSet), hostileSettings(seeds[0] ?? 0)]);
  const resources = new Set(layers.flat()).size;
  const message = await complaintOf(envoy, layers);
  if (message === undefined) return { sets: seeds.length, resources, complaints: [] };
  if (seeds.length === 1) return { sets: 1, resources, complaints: [{ seed: seeds[0] ?? 0, message }] };
  const middle = seeds.length >> 1;
  const halves = [await validateSets(envoy, seeds.slice(0, middle)), await validateSets(envoy, seeds.slice(middle))];
  return { sets: seeds.length, resources, complaints: halves.flatMap(({ complaints }) => complaints) };
}

/** What Envoy says of what the sidecars of a mesh of these objects get; nothing where it takes it. */
export function validateObjects(envoy: string, objects: readonly KubeObject[]): Promise<string | undefined> {
  return complaintOf(envoy, layersOf(objects));
}

async function complaintOf(envoy: string, layers: Layers): Promise<string | undefined> {
  for (const layer of layers) {
    const message = await complaint(envoy, layer);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** What every sidecar of a mesh gets, and its front door. */
function renderedFrom(objects: readonly KubeObject[]): EnvoyOutput {
  const sources = [...objects.map(object => ({ object })), ...frontDoorObjects('10.244.0.2')];
  const settings = startSettings(defaultSettings, sources);
  const store = new ResourceStore();
  store.configure(settings);
  const model = createCompiler()(store.apply({ upserts: completedSources(sources, settings).objects, removals: [] }));
  const door = { workload: `${frontDoor.namespace}/${frontDoor.name}`, directory: '/run/heddle/front-door' };
  const { output } = createEnvoyRenderer()(model, { frontDoor: door });
  return output;
}

const authority = new CertificateAuthority({ trustDomain: defaultSettings.trustDomain, now: () => new Date() });

/** Resources that one Envoy may have together, some of them several times. */
type Layers = readonly (readonly XdsResource[])[];

/**
 * The resources of all sidecars by type and name. Most are the same wherever they have the same name; those that are not, such
 * as the way out under another `egress`, are in further layers over the first.
 */
function layersOf(objects: readonly KubeObject[]): Layers {
  const variants = new Map<string, Map<string, XdsResource>>();
  const groups = new Set([...configurations(renderedFrom(objects))].flatMap(([, { groups }]) => groups));
  for (const resource of [...groups].flatMap(group => group.resources)) {
    const key = `${resource.typeUrl} ${resource.name}`;
    const known = variants.get(key) ?? new Map<string, XdsResource>();
    variants.set(key, known.set(JSON.stringify(resource.value), resource));
  }
  const all = [...variants.values()].map(known => [...known.values()]);
  const most = Math.max(0, ...all.map(({ length }) => length));
  return Array.from({ length: most }, (_, layer) =>
    all.flatMap(known => known[Math.min(layer, known.length - 1)] ?? []),
  );
}

/** A listener on an address of its own: those of all sidecars stand in one Envoy. */
function apart(listener: ListenerJson, index: number): ListenerJson {
  const { socketAddress } = listener.address ?? {};
  if (socketAddress === undefined || listener.bindToPort === false) return listener;
  const address = `127.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return { ...listener, address: { socketAddress: { ...socketAddress, address } } };
}

/** What Envoy says of a configuration; nothing where it takes it. */
async function complaint(envoy: string, resources: readonly XdsResource[]): Promise<string | undefined> {
  const certificate = authority.issue({ namespace: 'any', serviceAccount: 'body' });
  const secrets = [
    {
      name: 'workload-certificate',
      tlsCertificate: {
        certificateChain: { inlineString: certificate.certificateChainPem },
        privateKey: { inlineString: certificate.privateKey.reveal() },
      },
    },
    { name: 'trust-bundle', validationContext: { trustedCa: { inlineString: authority.trustBundlePem } } },
  ];
  const { dynamicResources: _, ...bootstrap } = sidecarBootstrap({
    nodeId: 'sidecar~10.244.0.3~any.body~local',
    nodeCluster: 'any/body',
    caller: 'web.shop',
    admin: { address: '127.0.0.1', port: 15_000 },
    xds: { address: '127.0.0.1', port: 15_010 },
  });
  const { listeners, ...others } = staticResources({ groups: [{ resources }] }, secrets);
  const configuration = { ...bootstrap, staticResources: { ...others, listeners: listeners.map(apart) } };
  const directory = await mkdtemp(join(tmpdir(), 'heddle-validate-'));
  try {
    const file = join(directory, 'envoy.json');
    await writeFile(file, JSON.stringify(configuration));
    return await run(envoy, ['--mode', 'validate', '-l', 'error', '-c', file]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (...end) => resolve(end));
  });
  return code === 0 ? undefined : said || `ended with ${code ?? signal}`;
}
