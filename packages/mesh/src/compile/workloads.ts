import type { Modes } from '../model/modes.ts';
import { shortHash } from '../model/short-hash.ts';
import type { Pod } from '../model/workload.ts';
import type { ModeMistake } from '../store/kubernetes/modes.ts';
import type { PodOwner, PodSpec } from '../store/kubernetes/pod.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';

/** Pods of one owner that are alike to the mesh, before their ports and policy are known. */
export interface PodGroup {
  readonly name: string;
  readonly serviceAccount: string;
  /** What all of them have in common, but for marks of a single pod or of one version of a template. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: readonly Pod[];
  /** Those that their annotations set (I4). */
  readonly modes: Partial<Modes>;
  readonly modeMistakes: readonly ModeMistake[];
}

/** What tells pods of one owner and account apart: what Services and IdentityBindings of their namespace find them by. */
export interface Distinctions {
  /** Keys of labels in selectors, sorted. */
  readonly labels: readonly string[];
  /** Names of target ports, sorted. */
  readonly ports: readonly string[];
}

/** The pods of a namespace but for those that have run to their end, which serve nobody and call nobody any more. */
export function livingPods(pods: NamespaceResources['pods']): NamespaceResources['pods'] {
  const living = [...pods].filter(([, { value }]) => !value.ended);
  return living.length === pods.size ? pods : new Map(living);
}

/** What the Services and IdentityBindings of a namespace tell pods apart by. */
export function distinctionsOf({
  services,
  identityBindings,
}: Pick<NamespaceResources, 'services' | 'identityBindings'>): Distinctions {
  const labels = new Set<string>();
  const ports = new Set<string>();
  for (const { value } of services.values()) {
    for (const label of Object.keys(value.selector ?? {})) labels.add(label);
    for (const { targetPort } of value.ports) if (typeof targetPort === 'string') ports.add(targetPort);
  }
  for (const { value } of identityBindings.values()) {
    for (const label of Object.keys(value.spec.schemes.podLabelSelector?.matchLabels ?? {})) labels.add(label);
  }
  return { labels: [...labels].toSorted(), ports: [...ports].toSorted() };
}

/** Pods with the signature of what makes them alike. */
interface Alike {
  readonly owner: PodOwner;
  readonly signature: string;
  readonly members: readonly Resource<PodSpec>[];
}

/**
 * Groups the pods of a namespace that have a sidecar into workloads: by owner, service account, and what Services tell them
 * apart by, and modes. All other labels may differ, so that a roll-out of a new version keeps one workload.
 *
 * A workload has the name of its owner. Where owners of several kinds share a name, all but a Deployment add their kind:
 * `web~statefulset`. Where one owner has several groups (a roll-out changes the account, a mode, a label that a Service selects
 * by, or a named port), the youngest keeps the plain name and the others add a hash of what they are: `web~k3j9x2`. So pods that stay
 * are never renamed, which would drain their connections, and those that a roll-out ends are.
 */
export function groupPods(
  pods: ReadonlyMap<string, Resource<PodSpec>>,
  distinctions: Distinctions,
  previous: readonly PodGroup[] = [],
): PodGroup[] {
  const views = new Map(previous.flatMap(group => group.pods).map(pod => [pod.name, pod]));
  const byName = Map.groupBy(alikePods(pods, distinctions), ({ owner }) => owner.name);
  return [...byName].flatMap(([name, sharing]) => {
    const byKind = Map.groupBy(sharing, ({ owner }) => owner.kind);
    return [...byKind].flatMap(([kind, groups]) => {
      const plain = byKind.size === 1 || kind === 'Deployment' ? name : `${name}~${kind.toLowerCase()}`;
      const youngest = groups.toSorted(youngerFirst)[0];
      return groups.map(group =>
        toGroup(group, group === youngest ? plain : `${plain}~${shortHash(group.signature)}`, views),
      );
    });
  });
}

function alikePods(pods: ReadonlyMap<string, Resource<PodSpec>>, distinctions: Distinctions): Alike[] {
  const alike = new Map<string, { owner: PodOwner; signature: string; members: Resource<PodSpec>[] }>();
  for (const name of [...pods.keys()].toSorted()) {
    const pod = pods.get(name);
    if (pod === undefined || !pod.value.inMesh) continue;
    const { owner } = pod.value;
    const signature = signatureOf(pod.value, distinctions);
    const key = `${owner.kind}/${owner.name} ${signature}`;
    const group = alike.get(key);
    if (group === undefined) alike.set(key, { owner, signature, members: [pod] });
    else group.members.push(pod);
  }
  return [...alike.values()];
}

function signatureOf(pod: PodSpec, distinctions: Distinctions): string {
  const { serviceAccount, labels, namedPorts, modes } = pod;
  return JSON.stringify([
    serviceAccount,
    distinctions.labels.flatMap(key => (Object.hasOwn(labels, key) ? [[key, labels[key]]] : [])),
    distinctions.ports.flatMap(name => (namedPorts.has(name) ? [[name, namedPorts.get(name)]] : [])),
    ...(Object.keys(modes).length > 0 ? [modes] : []),
  ]);
}

function youngerFirst(a: Alike, b: Alike): number {
  return compare(birthOf(b), birthOf(a)) || compare(a.signature, b.signature);
}

/** When the first of its pods was made; what nobody knows counts as long ago. */
function birthOf({ members }: Alike): string {
  return members.map(({ value }) => value.created ?? '').toSorted()[0] ?? '';
}

function toGroup({ members }: Alike, name: string, views: ReadonlyMap<string, Pod>): PodGroup {
  const [first] = members as [Resource<PodSpec>];
  return {
    name,
    serviceAccount: first.value.serviceAccount,
    labels: commonLabels(members),
    pods: members.map(pod => toPod(pod, views.get(pod.ref.name))),
    modes: first.value.modes,
    modeMistakes: first.value.modeMistakes,
  };
}

/** Service accounts none of whose pods has a sidecar, with the names of these. */
export function outsidersAmong(
  pods: NamespaceResources['pods'],
  groups: readonly PodGroup[],
): ReadonlyMap<string, readonly string[]> {
  const inMesh = new Set(groups.map(({ serviceAccount }) => serviceAccount));
  const outside = [...pods.values()].filter(({ value }) => !inMesh.has(value.serviceAccount));
  return new Map(
    [...Map.groupBy(outside, ({ value }) => value.serviceAccount)].map(([account, members]) => [
      account,
      members.map(({ ref }) => ref.name).toSorted(),
    ]),
  );
}

/** Marks of one version of a template, or of a single pod. */
const marks: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'rollouts-pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
]);

function commonLabels([first, ...rest]: readonly Resource<PodSpec>[]): Readonly<Record<string, string>> {
  const common = Object.entries(first?.value.labels ?? {}).filter(
    ([key, value]) => !marks.has(key) && rest.every(pod => pod.value.labels[key] === value),
  );
  return Object.fromEntries(common.toSorted(([a], [b]) => compare(a, b)));
}

/** The same object as before where nothing of the pod changed. */
function toPod({ ref, source, value }: Resource<PodSpec>, before: Pod | undefined): Pod {
  if (before?.source === source) return before;
  return { name: ref.name, address: value.address, ready: value.ready, source };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
