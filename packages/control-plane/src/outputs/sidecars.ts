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
  /** Told of sidecars that can't be given what they are to have, when this begins or its cause changes; must not throw. */
  readonly onFailure: (failure: PublishFailure) => void;
}

/** Sidecars that can't be given what they are to have, all for the same cause; what they had stays in force. */
export interface PublishFailure {
  readonly error: unknown;
  readonly sidecars: readonly SidecarRef[];
}

interface Published {
  readonly configuration: SidecarConfiguration;
  readonly certificate: SdsSecret;
  readonly listening: Promise<XdsListening | undefined>;
}

interface Failed {
  readonly sidecar: SidecarRef;
  readonly error: unknown;
}

/** Brings each sidecar what was rendered for its workload: encoded once, with the secrets of its own identity. */
export class SidecarPublisher {
  readonly #options: SidecarPublisherOptions;
  readonly #published = new Map<string, Published>();
  readonly #encoded = new WeakMap<object, ResourceGroup>();
  readonly #trustBundle: ResourceGroup;
  #sidecars: readonly SidecarRef[] = [];
  /** Why sidecars are set aside, by node id. */
  #causes: ReadonlyMap<string, string> = new Map();

  constructor(options: SidecarPublisherOptions) {
    this.#options = options;
    this.#trustBundle = { resources: [encodeSecret(options.secrets.trustBundle)] };
  }

  /** Every sidecar of the last model. */
  get sidecars(): readonly SidecarRef[] {
    return this.#sidecars;
  }

  /** How many sidecars the last pass had to set aside: they keep what they had. */
  get setAside(): number {
    return this.#causes.size;
  }

  /**
   * Publishes what changed; a sidecar whose configuration and secrets are the same objects is left alone. One that can't
   * be given what it is to have (a resource that is no valid message, an identity that nobody may have) is set aside, and
   * tried again in the next pass. Returns the node ids of those that are sent something.
   */
  publish(model: MeshModel, output: EnvoyOutput): ReadonlySet<string> {
    const changed = new Set<string>();
    this.#sidecars = sidecarsOf(model);
    const gone = new Set(this.#published.keys());
    const failed: Failed[] = [];
    for (const sidecar of this.#sidecars) {
      gone.delete(sidecar.nodeId);
      const configuration = output.sidecars.get(sidecar.workload);
      try {
        if (configuration !== undefined && this.#publishOne(sidecar, configuration)) changed.add(sidecar.nodeId);
      } catch (error) {
        failed.push({ sidecar, error });
      }
    }
    for (const nodeId of gone) this.#forget(nodeId);
    this.#report(failed);
    return changed;
  }

  /** Says what is new: a cause that sidecars are still set aside for is not said again in each pass. */
  #report(failed: readonly Failed[]): void {
    const before = this.#causes;
    this.#causes = new Map(failed.map(({ sidecar, error }) => [sidecar.nodeId, String(error)]));
    const news = failed.filter(({ sidecar, error }) => before.get(sidecar.nodeId) !== String(error));
    for (const alike of Map.groupBy(news, ({ error }) => String(error)).values()) {
      const sidecars = alike.map(({ sidecar }) => sidecar);
      this.#options.onFailure({ error: alike[0]?.error, sidecars });
    }
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
