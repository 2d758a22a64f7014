/** One Pod object while it is read: what it may look up, and what is said about it. */
import { type Finding, findingAt, type Reason } from '@heddle/mesh';
import { type FieldPath, refOf, type SourceObject } from '@heddle/smi';
import { type JsonRecord, recordOf } from '../../sources/record.ts';
import { isTemplatedKind } from '../../sources/replicas.ts';
import { type Configuration, type ConfigurationKind, readConfiguration } from './configuration.ts';

/** What pods can learn about the node they run on. */
export interface NodeFacts {
  readonly name: string;
  /** The node's address in the pod network. */
  readonly address: string;
  /** What a container without limits may use. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** Objects that pods refer to, by {@link objectKey}. */
export type KnownObjects = ReadonlyMap<string, SourceObject>;

/** The key of an object that pods refer to. */
export function objectKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/**
 * A Pod object that is being read. Findings about a pod that a Deployment, say, stands for are about that object, so that
 * its replicas say the same.
 */
export class PodReading {
  readonly source: SourceObject;
  readonly namespace: string;
  readonly name: string;
  readonly spec: JsonRecord;
  readonly annotations: Readonly<Record<string, string>>;
  readonly node: NodeFacts;
  readonly findings: Finding[] = [];
  /** Every object that was looked up, found or not: the result stands as long as these are the same. */
  readonly lookedUp = new Map<string, SourceObject | undefined>();
  readonly #known: KnownObjects;
  #runs = true;

  constructor(source: SourceObject, known: KnownObjects, node: NodeFacts) {
    const { namespace, name } = refOf(source.object);
    this.source = source;
    this.namespace = namespace;
    this.name = name;
    this.spec = recordOf(source.object['spec']);
    this.annotations = source.object.metadata.annotations ?? {};
    this.node = node;
    this.#known = known;
  }

  /** Whether nothing was found so far that keeps the pod from running. */
  get runs(): boolean {
    return this.#runs;
  }

  /** Who made the pod, for things that are said once: its controller, or itself. */
  get owner(): string {
    const controller = this.source.object.metadata.ownerReferences?.find(reference => reference.controller);
    return objectKey(controller?.kind ?? 'Pod', this.namespace, controller?.name ?? this.name);
  }

  /** Says something about a field; the pod runs all the same. */
  say(reason: Reason, path: FieldPath, message: string): void {
    const made = this.source.object.metadata.ownerReferences?.find(
      ({ kind, controller }) => controller && isTemplatedKind(kind),
    );
    if (made === undefined) {
      this.findings.push(findingAt(reason, this.source, path, message));
      return;
    }
    const { apiVersion, kind, name } = made;
    const owner: SourceObject = {
      object: { apiVersion, kind, metadata: { name, namespace: this.namespace } },
      locate: () => this.source.locate?.(path),
    };
    this.findings.push(findingAt(reason, owner, ['spec', 'template', ...path], message));
  }

  /** Says what keeps the pod from running: what is wrong with a field, unless another reason is given. */
  refuse(path: FieldPath, message: string, reason: Reason = 'InvalidField'): void {
    this.say(reason, path, message);
    this.#runs = false;
  }

  /** An object that the pod refers to. */
  lookUp(kind: string, name: string): SourceObject | undefined {
    const key = objectKey(kind, this.namespace, name);
    const source = this.#known.get(key);
    this.lookedUp.set(key, source);
    return source;
  }

  /** The pod's namespace, where it is written. */
  lookUpNamespace(): SourceObject | undefined {
    const key = objectKey('Namespace', '', this.namespace);
    const source = this.#known.get(key);
    this.lookedUp.set(key, source);
    return source;
  }

  /** A ConfigMap or Secret; where it does not exist and is not optional, the pod does not run until it does. */
  configuration(kind: ConfigurationKind, reference: JsonRecord, path: FieldPath): Configuration | undefined {
    const name = reference['name'] ?? reference['secretName'];
    if (typeof name !== 'string' || name === '') {
      this.refuse(path, `The name of a ${kind} is missing here.`);
      return undefined;
    }
    const source = this.lookUp(kind, name);
    if (source !== undefined) {
      const configuration = readConfiguration(source);
      for (const problem of configuration.problems) {
        this.findings.push(findingAt('InvalidField', source, problem.path, problem.message));
      }
      return configuration;
    }
    if (reference['optional'] !== true) {
      this.refuse(
        path,
        `The ${kind} ${name} does not exist in the namespace ${this.namespace}: the pod starts once it does.`,
        'ConfigurationNotFound',
      );
    }
    return undefined;
  }

  /** Says that a ConfigMap or Secret lacks a key, which keeps the pod from running. */
  keyMissing({ source }: Configuration, key: string, path: FieldPath): void {
    const { kind, name } = refOf(source.object);
    const message = `The ${kind} ${name} has no key ${key}: the pod starts once it has.`;
    this.refuse(path, message, 'ConfigurationNotFound');
  }
}
