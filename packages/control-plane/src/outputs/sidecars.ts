import type { EnvoyOutput, MeshModel, SidecarConfiguration, Workload, XdsResource } from '@heddle/mesh';
import type { SdsSecret, WorkloadSecrets } from '../identity/secrets.ts';
import { sidecarNodeId } from '../sidecar/bootstrap.ts';
import { type EncodedResource, encode, type ResourceJson } from '../xds/encode.ts';
import { type ResourceKind, typeUrls } from '../xds/resource-type.ts';
import type { XdsListening, XdsServer } from '../xds/server.ts';
import type { ResourceGroup } from '../xds/snapshot.ts';

/** One sidecar that there is to be. */
export interface SidecarRef {
  readonly nodeId: string;
  readonly workload: string;
  readonly namespace: string;
  readonly pod: string;
  /** SPIFFE ID. */
  readonly identity: string;
  readonly serviceAccount: string;
}

/** What the publisher needs. */
export interface SidecarPublisherOptions {
  readonly xds: XdsServer;
  readonly secrets: Pick<WorkloadSecrets, 'certificate' | 'trustBundle'>;
  /** Opens the way by which a sidecar reaches its configuration; called once for each. */
  readonly open: (sidecar: SidecarRef) => Promise<XdsListening | undefined>;
}

interface Published {
  readonly configuration: SidecarConfiguration;
  readonly certificate: SdsSecret;
  readonly listening: Promise<XdsListening | undefined>;
}

/** Brings each sidecar what was rendered for its workload: encoded once, with the secrets of its own identity. */
export class SidecarPublisher {
  readonly #options: SidecarPublisherOptions;
  readonly #published = new Map<string, Published>();
  readonly #encoded = new WeakMap<object, ResourceGroup>();
  readonly #trustBundle: ResourceGroup;
  #sidecars: readonly SidecarRef[] = [];

  constructor(options: SidecarPublisherOptions) {
    this.#options = options;
    this.#trustBundle = { resources: [encodeSecret(options.secrets.trustBundle)] };
  }

  /** Every sidecar of the last model. */
  get sidecars(): readonly SidecarRef[] {
    return this.#sidecars;
  }

  /**
   * Publishes what changed; a sidecar whose configuration and secrets are the same objects is left alone. Returns the node
   * ids of those that are sent something.
   */
  publish(model: MeshModel, output: EnvoyOutput): ReadonlySet<string> {
    const changed = new Set<string>();
    this.#sidecars = sidecarsOf(model);
    const gone = new Set(this.#published.keys());
    for (const sidecar of this.#sidecars) {
      gone.delete(sidecar.nodeId);
      const configuration = output.sidecars.get(sidecar.workload);
      if (configuration !== undefined && this.#publishOne(sidecar, configuration)) changed.add(sidecar.nodeId);
    }
    for (const nodeId of gone) this.#forget(nodeId);
    return changed;
  }

  #publishOne(sidecar: SidecarRef, configuration: SidecarConfiguration): boolean {
    const certificate = this.#options.secrets.certificate(sidecar);
    const known = this.#published.get(sidecar.nodeId);
    if (known?.configuration === configuration && known.certificate === certificate) return false;
    const groups = configuration.groups.map(group => this.#encode(group));
    const differs = this.#options.xds.publish(sidecar.nodeId, {
      groups: [...groups, this.#trustBundle, this.#secretGroup(certificate)],
    });
    const listening = known?.listening ?? this.#options.open(sidecar);
    this.#published.set(sidecar.nodeId, { configuration, certificate, listening });
    return differs;
  }

  #encode(group: { readonly resources: readonly XdsResource[] }): ResourceGroup {
    let encoded = this.#encoded.get(group);
    if (encoded === undefined) {
      encoded = { resources: group.resources.map(encodeResource) };
      this.#encoded.set(group, encoded);
    }
    return encoded;
  }

  /** Pods of one identity share its certificate. */
  #secretGroup(secret: SdsSecret): ResourceGroup {
    let group = this.#encoded.get(secret);
    if (group === undefined) {
      group = { resources: [encodeSecret(secret)] };
      this.#encoded.set(secret, group);
    }
    return group;
  }

  #forget(nodeId: string): void {
    const known = this.#published.get(nodeId);
    this.#published.delete(nodeId);
    this.#options.xds.forget(nodeId);
    void known?.listening.then(listening => listening?.close());
  }
}

function sidecarsOf(model: MeshModel): SidecarRef[] {
  const sidecars: SidecarRef[] = [];
  for (const { workloads } of model.namespaces.values()) {
    for (const workload of workloads.values()) sidecars.push(...sidecarsOfWorkload(workload));
  }
  return sidecars;
}

const refs = new WeakMap<Workload, readonly SidecarRef[]>();

function sidecarsOfWorkload(workload: Workload): readonly SidecarRef[] {
  let found = refs.get(workload);
  if (found === undefined) {
    const { key, namespace, identity, serviceAccount } = workload;
    found = workload.pods.flatMap(({ name, address }) =>
      address === undefined
        ? []
        : [
            {
              nodeId: sidecarNodeId({ ip: address, name, namespace }),
              workload: key,
              namespace,
              pod: name,
              identity,
              serviceAccount,
            },
          ],
    );
    refs.set(workload, found);
  }
  return found;
}

const kinds = new Map(
  Object.entries(typeUrls).map(([kind, typeUrl]): [string, ResourceKind] => [typeUrl, kind as ResourceKind]),
);

function encodeResource({ typeUrl, name, value }: XdsResource): EncodedResource {
  const kind = kinds.get(typeUrl);
  if (kind === undefined) throw new Error(`${name} is of a type that is not served: ${typeUrl}`);
  return encode(kind, value as ResourceJson[typeof kind]);
}

function encodeSecret({ resource, versioning }: SdsSecret): EncodedResource {
  return encode('secret', resource, versioning);
}
