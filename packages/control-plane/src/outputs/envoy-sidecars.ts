import {
  changedConfigurations,
  configurationOf,
  createEnvoyRenderer,
  type EnvoyOutput,
  type EnvoyTarget,
  type Finding,
  findingAt,
  type HeldObject,
  type MeshModel,
  type Render,
  type SidecarConfiguration,
  type XdsResource,
} from '@heddle/mesh';
import { readDuration, refOf, type SourceObject } from '@heddle/smi';
import type { SdsSecret, WorkloadSecrets } from '../identity/secrets.ts';
import { encode } from '../xds/encode.ts';
import type { NodeStatus } from '../xds/node.ts';
import type { XdsListening, XdsServer } from '../xds/server.ts';
import type { ResourceGroup } from '../xds/snapshot.ts';
import type { Rejection, ResourceVersion } from '../xds/stream.ts';
import { type EncodingFailure, GroupEncoder, isFailure, type RenderedGroup } from './group-encoder.ts';
import type { Output, Rendered } from './output.ts';
import { type Refusal, RefusedObjects } from './refused-objects.ts';
import { Roster } from './roster.ts';
import { type PublishFailure, SetAside } from './set-aside.ts';
import type { SidecarRef } from './sidecar-ref.ts';
import { countConcerned, isNamed, nameOf, suspectsIn } from './trace.ts';

/** What the sidecars need. */
export interface EnvoySidecarsOptions {
  readonly xds: Pick<XdsServer, 'publish' | 'forget' | 'status' | 'acknowledged'>;
  readonly secrets: Pick<WorkloadSecrets, 'certificate' | 'trustBundle' | 'revision' | 'setLifetime'>;
  /** Read at each pass: what it returns may change. */
  readonly target: () => EnvoyTarget;
  /** Opens the way by which a sidecar reaches its configuration; called once for each. */
  readonly open: (sidecar: SidecarRef) => Promise<XdsListening | undefined>;
  /** Told of sidecars that can't be given what they are to have, when this begins or its cause changes; must not throw. */
  readonly onFailure?: (failure: PublishFailure) => void;
  /** Makes what renders; Heddle's own unless given. */
  readonly createRenderer?: () => Render<EnvoyTarget, EnvoyOutput>;
}

interface Published {
  readonly configuration: SidecarConfiguration;
  readonly certificate: SdsSecret;
  readonly trustBundle: SdsSecret;
  readonly groups: readonly ResourceGroup[];
  readonly listening: Promise<XdsListening | undefined>;
}

/**
 * Brings each sidecar what was rendered for its workload: encoded once, with the secrets of its own identity. A group of
 * resources that can't be encoded is left as it was published before, and said on the objects that it came from;
 * a sidecar that can't be given anything (an identity that nobody may have) is set aside alone and tried again.
 *
 * What a sidecar refuses is traced to the objects of policy that are new in it since sidecars last acknowledged it: their
 * versions are set aside, and the version before is rendered in their place. Where none is new, the resource is at fault as
 * such: sidecars keep the last one that was acknowledged, and one that connects later is given that.
 */
export class EnvoySidecars implements Output {
  readonly name = 'envoy';
  readonly #options: EnvoySidecarsOptions;
  readonly #createRenderer: () => Render<EnvoyTarget, EnvoyOutput>;
  #render: Render<EnvoyTarget, EnvoyOutput>;
  readonly #encoder = new GroupEncoder();
  readonly #published = new Map<string, Published>();
  readonly #secretGroups = new WeakMap<SdsSecret, ResourceGroup>();
  readonly #failed = new Map<string, readonly EncodingFailure[]>();
  readonly #roster = new Roster();
  /** Of the secrets, at the last pass. */
  #secretsRevision = 0;
  #output: EnvoyOutput = { sidecars: new Map() };
  #changed: ReadonlySet<string> = new Set();
  #setAside = new SetAside();
  #isPublishing = false;
  readonly #refused = new RefusedObjects();
  /** Refused, and judged. */
  readonly #judged = new WeakSet<XdsResource>();
  readonly #refusedGroups = new WeakSet<RenderedGroup>();

  constructor(options: EnvoySidecarsOptions) {
    this.#options = options;
    this.#createRenderer = options.createRenderer ?? createEnvoyRenderer;
    this.#render = this.#createRenderer();
  }

  /** Every sidecar of the last model. */
  get sidecars(): readonly SidecarRef[] {
    return this.#roster.list;
  }

  /** Key of the workload that a node is a sidecar of. */
  workloadOf(nodeId: string): string | undefined {
    return this.#roster.workloadOf(nodeId);
  }

  /** Node ids of the sidecars that the last pass sent something. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  /** How many sidecars the last pass could not give what they are to have: they keep what they had. */
  get setAside(): number {
    return this.#setAside.size;
  }

  /** What each workload's sidecars are to have. */
  get output(): EnvoyOutput {
    return this.#output;
  }

  render(model: MeshModel): Rendered {
    const { output, findings } = this.#render(model, this.#options.target());
    const failures = this.#encodeChanged(output);
    return { findings: [...findings, ...failures], publish: () => this.#publish(model, output) };
  }

  forget(): void {
    this.#render = this.#createRenderer();
  }

  get refused(): ReadonlySet<SourceObject> {
    return this.#refused.sources;
  }

  /** Why versions of objects are set aside. */
  get refusals(): readonly Refusal[] {
    return this.#refused.list;
  }

  /** To be told what a sidecar rejected; true where objects are set aside for it, so that another pass is due. */
  rejected({ node, typeUrl, resources, message }: Rejection & { readonly node: string }): boolean {
    const workload = this.#roster.workloadOf(node);
    let isNews = false;
    for (const { name, version } of resources) {
      const group = this.#group(workload, typeUrl, name);
      const resource = group?.resources.find(isNamed(typeUrl, name));
      if (group === undefined || resource === undefined || this.#judged.has(resource)) continue;
      // What has changed meanwhile is on its way, and has a verdict of its own to come.
      if (!this.#isCurrent(group, typeUrl, { name, version })) continue;
      this.#judged.add(resource);
      const before = this.#acknowledged(typeUrl, name);
      const good = before && this.#encoder.rendered(before)?.resources.find(isNamed(typeUrl, name));
      const suspects = suspectsIn(resource, good);
      const concerned = (source: SourceObject) => countConcerned(source, this.#output, this.#roster.list);
      if (suspects.length === 0) this.#refusedGroups.add(group);
      else if (this.#refused.refuse({ suspects, message, concerned })) isNews = true;
    }
    return isNews;
  }

  /** To be told when a sidecar has acknowledged something; true where another pass is due, to find out who is to blame. */
  settle(): boolean {
    // Half of the sidecars may not have been told yet what is published.
    if (this.#isPublishing || this.#refused.isIdle) return false;
    const nodes = this.#options.xds.status();
    // What was refused before is not sent again, so nobody refuses it again.
    const again = nodes.flatMap(({ node, types }) =>
      types.flatMap(({ typeUrl, rejected }) =>
        rejected.map(one => ({ node, typeUrl, resources: [one], message: one.message })),
      ),
    );
    if (again.filter(rejection => this.rejected(rejection)).length > 0) return true;
    return nodes.every(({ connected, inSync }) => inSync || !connected) && this.#refused.settle();
  }

  /** Forgets what was refused of objects that are no more. */
  retain(held: () => Iterable<HeldObject>): void {
    if (this.#refused.isIdle) return;
    const newest = new Map(Array.from(held(), ({ ref, latest }) => [nameOf(ref), latest]));
    this.#refused.retain(({ object }) => newest.get(nameOf(refOf(object))));
  }

  /** What sidecars refused, said on the objects that it came from; once an object, whatever the number of sidecars. */
  rejections(nodes: readonly NodeStatus[] = this.#options.xds.status()): Finding[] {
    const setAside = this.#refused.sources;
    const messages = new Map<XdsResource, string>();
    for (const { node, types } of nodes) {
      for (const { typeUrl, rejected } of types) {
        for (const { name, message } of rejected) {
          const resource = this.#resource(this.#roster.workloadOf(node), typeUrl, name);
          if (resource !== undefined) messages.set(resource, message);
        }
      }
    }
    const standing = [...messages].flatMap(([resource, message]) => {
      const isReplaced = resource.origins.some(origin => !('default' in origin) && setAside.has(origin.source));
      return isReplaced ? [] : refusal(resource, `Envoy refused it: ${message}`);
    });
    const refusals = this.#refused.list.filter(({ isDoubted }) => !isDoubted);
    return [
      ...standing,
      ...refusals.flatMap(({ origin, message }) => refusal({ origins: [origin] }, `Envoy refused it: ${message}`)),
    ];
  }

  #resource(workload: string | undefined, typeUrl: string, name: string): XdsResource | undefined {
    return this.#group(workload, typeUrl, name)?.resources.find(isNamed(typeUrl, name));
  }

  #group(workload: string | undefined, typeUrl: string, name: string): RenderedGroup | undefined {
    const groups = configurationOf(this.#output, workload ?? '')?.groups ?? [];
    return groups.find(({ resources }) => resources.some(isNamed(typeUrl, name)));
  }

  #isCurrent(group: RenderedGroup, typeUrl: string, { name, version }: ResourceVersion): boolean {
    const encoded = this.#encoder.encode(group);
    return !isFailure(encoded) && encoded.resources.find(isNamed(typeUrl, name))?.version === version;
  }

  /** The group in which some sidecar has acknowledged a resource. */
  #acknowledged(typeUrl: string, name: string): ResourceGroup | undefined {
    for (const { groups } of this.#options.xds.acknowledged()) {
      const found = groups.find(({ resources }) => resources.some(isNamed(typeUrl, name)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Encodes what is new since the last pass; a group is looked at once for each workload that gets it. */
  #encodeChanged(output: EnvoyOutput): Finding[] {
    for (const key of changedConfigurations(this.#output, output)) {
      const groups = configurationOf(output, key)?.groups ?? [];
      const failures = groups.map(group => this.#encoder.encode(group)).filter(isFailure);
      if (failures.length > 0) this.#failed.set(key, failures);
      else this.#failed.delete(key);
    }
    const messages = new Map([...this.#failed.values()].flat().map(({ resource, message }) => [resource, message]));
    return [...messages].flatMap(([resource, message]) => refusal(resource, message));
  }

  #publish(model: MeshModel, output: EnvoyOutput): void {
    this.#isPublishing = true;
    try {
      this.#publishAll(model, output);
    } finally {
      this.#isPublishing = false;
    }
    this.#refused.published();
  }

  #publishAll(model: MeshModel, output: EnvoyOutput): void {
    const changed = new Set<string>();
    const setAside = new SetAside(this.#setAside);
    this.#options.secrets.setLifetime(millisecondsOf(model.settings.certificates.lifetime));
    for (const sidecar of this.#due(model, output)) {
      const configuration = configurationOf(output, sidecar.workload);
      if (configuration === undefined) continue;
      if (setAside.attempt(sidecar, this.#publishOne, configuration)) changed.add(sidecar.nodeId);
    }
    for (const failure of setAside.news()) this.#options.onFailure?.(failure);
    this.#setAside = setAside;
    this.#changed = changed;
  }

  /** Takes note of what there is, forgets sidecars that are no more, and tells for which of the others something may be new. */
  #due(model: MeshModel, output: EnvoyOutput): readonly SidecarRef[] {
    const { gone, workloads } = this.#roster.meet(model);
    for (const nodeId of gone) this.#forgetSidecar(nodeId);
    const renewed = this.#secretsRevision !== this.#options.secrets.revision;
    const changed = changedConfigurations(this.#output, output);
    this.#output = output;
    this.#secretsRevision = this.#options.secrets.revision;
    if (renewed) return this.#roster.list;
    const due = new Set([...workloads, ...changed, ...this.#setAside.workloads]);
    return [...due].flatMap(key => this.#roster.of(key));
  }

  /** Returns whether the sidecar is sent something; one whose configuration and secrets are the same objects is left alone. */
  readonly #publishOne = (sidecar: SidecarRef, configuration: SidecarConfiguration): boolean => {
    const certificate = this.#options.secrets.certificate(sidecar);
    const { trustBundle } = this.#options.secrets;
    const known = this.#published.get(sidecar.nodeId);
    const hasSecrets = known?.certificate === certificate && known.trustBundle === trustBundle;
    if (hasSecrets && known.configuration === configuration) return false;
    const groups = [
      ...configuration.groups.flatMap(group => this.#encoded(group) ?? []),
      this.#secretGroup(trustBundle),
      this.#secretGroup(certificate),
    ];
    const differs = this.#options.xds.publish(sidecar.nodeId, { groups });
    const listening = known?.listening ?? this.#options.open(sidecar);
    this.#published.set(sidecar.nodeId, { configuration, certificate, trustBundle, groups, listening });
    return differs;
  };

  /** A group's bytes; of one that can't be encoded or that is refused, what some sidecar has in its place. */
  #encoded(group: RenderedGroup): ResourceGroup | undefined {
    const encoded = this.#encoder.encode(group);
    const first = group.resources[0];
    if (!isFailure(encoded)) {
      if (first === undefined || !this.#refusedGroups.has(group)) return encoded;
      return this.#acknowledged(first.typeUrl, first.name) ?? encoded;
    }
    for (const { groups } of this.#published.values()) {
      const before = groups.find(
        ({ resources: [its] }) => its?.name === first?.name && its?.typeUrl === first?.typeUrl,
      );
      if (before !== undefined) return before;
    }
    return undefined;
  }

  /** Pods of one identity share its certificate. */
  #secretGroup(secret: SdsSecret): ResourceGroup {
    let group = this.#secretGroups.get(secret);
    if (group === undefined) {
      group = { resources: [encode('secret', secret.resource, secret.versioning)] };
      this.#secretGroups.set(secret, group);
    }
    return group;
  }

  #forgetSidecar(nodeId: string): void {
    const known = this.#published.get(nodeId);
    this.#published.delete(nodeId);
    this.#options.xds.forget(nodeId);
    void known?.listening.then(listening => listening?.close());
  }
}

/** A time that was read before; those of certificates may be longer than others. */
function millisecondsOf(written: string): number {
  const milliseconds = readDuration(written, Number.POSITIVE_INFINITY);
  if (milliseconds === undefined) throw new Error(`${JSON.stringify(written)} is no time`);
  return milliseconds;
}

/** Says on every object that a resource came from that it is not programmed. */
function refusal({ origins }: Pick<XdsResource, 'origins'>, why: string): Finding[] {
  return origins.flatMap(origin =>
    'default' in origin
      ? []
      : [
          findingAt(
            'NotProgrammed',
            origin.source,
            origin.path,
            `What was made of it could not be brought to sidecars, so what was in force before stays. ${why}.`,
          ),
        ],
  );
}
