import { type DirectPort, directKey, directPortsOf } from '../../model/headless.ts';
import { type MeshModel, serviceOf, splitKey, workloadOf } from '../../model/mesh-model.ts';
import type { Modes } from '../../model/modes.ts';
import type { ResourceOrigin } from '../../model/origin.ts';
import { profileFor, type RouteProfile } from '../../model/route-profile.ts';
import { isClusterService, type Service } from '../../model/service.ts';
import type { MeshSettings } from '../../model/settings.ts';
import type { Workload } from '../../model/workload.ts';
import type { Render } from '../backend.ts';
import { accessLogSwitch } from './access-log.ts';
import { baseGroup } from './base.ts';
import { ByProfile } from './by-profile.ts';
import { remember } from './remember.ts';
import type { ResourceGroup } from './resource.ts';
import { backOf, directBackOf, plainBackOf } from './service-back.ts';
import { frontDoorOf, frontOf, headlessFrontOf } from './service-front.ts';
import { configurations, differences, type EnvoyOutput, type SidecarConfiguration } from './sidecar-configurations.ts';
import { createStrayAddresses, type FindStrayAddresses, type StrayAddresses } from './stray-addresses.ts';
import { inboundOf } from './workload-inbound.ts';

/** What the Envoy backend needs besides the model. */
export interface EnvoyTarget {
  /** The workload that shows exposed Services to people, and the directory of its Unix sockets as it sees it. */
  readonly frontDoor?: { readonly workload: string; readonly directory: string };
}

/**
 * Makes a renderer. In: the model. Out: xDS resources as proto3 JSON, in groups that sidecars share; a group is the same
 * object for as long as what it was made from is. It looks only at what differs from the last model, so a change costs
 * what it touches. It must not know bytes, streams or sidecars that are connected.
 */
export function createEnvoyRenderer(): Render<EnvoyTarget, EnvoyOutput> {
  let state: RenderState | undefined;
  return (model, target) => {
    if (state === undefined || !sameTarget(state.target, target) || state.settings !== model.settings) {
      state = emptyState(target, model.settings);
    }
    const stale = staleWorkloads(state, model);
    const strays = state.findStrays(model.namespaces);
    if (strays !== state.strays || model.settingsOrigin !== state.origin) {
      for (const [key] of configurations(state.output)) stale.add(key);
    }
    if (strays !== state.strays) {
      state.strays = strays;
      state.bases = basesOf(model.settings, strays);
    }
    if (model.settingsOrigin !== state.origin) {
      state.origin = model.settingsOrigin;
      state.switches = switchesOf(model.settingsOrigin);
    }
    state.output = { sidecars: renderAnew(state, model, stale) };
    state.namespaces = model.namespaces;
    return { output: state.output, findings: [] };
  };
}

/** The configurations of the last model, but for these workloads. */
function renderAnew(state: RenderState, model: MeshModel, stale: ReadonlySet<string>): EnvoyOutput['sidecars'] {
  const sidecars = new Map(state.output.sidecars);
  for (const [namespace, keys] of Map.groupBy(stale, key => splitKey(key).namespace)) {
    const own = new Map(sidecars.get(namespace));
    for (const key of keys) {
      const workload = workloadOf(model, key);
      const { name } = splitKey(key);
      forgetUses(state, key);
      if (workload === undefined) own.delete(name);
      else own.set(name, keep(own.get(name), groupsOf(state, model, workload)));
    }
    if (own.size === 0) sidecars.delete(namespace);
    else sidecars.set(namespace, own);
  }
  return sidecars;
}

/** What a renderer remembers from one model to the next. */
interface RenderState {
  readonly target: EnvoyTarget;
  readonly settings: MeshSettings;
  readonly findStrays: FindStrayAddresses;
  strays: StrayAddresses;
  /** By whether a workload may leave the mesh. */
  bases: Readonly<Record<Modes['egress'], ResourceGroup>>;
  /** What switches the access log, by what is to be written: the mark of the MeshConfig on every sidecar. */
  switches: Readonly<Record<Modes['accessLog'], ResourceGroup>>;
  origin: ResourceOrigin | undefined;
  readonly fronts: ByProfile<ResourceGroup>;
  readonly backs: WeakMap<Service, ResourceGroup>;
  readonly plainBacks: WeakMap<Service, ResourceGroup>;
  readonly headless: ByProfile<HeadlessGroups>;
  readonly doors: ByProfile<ResourceGroup>;
  readonly inbounds: WeakMap<Workload['ports'], ResourceGroup>;
  /** Which Services each workload's configuration was made from, and the other way around. */
  readonly uses: Map<string, readonly string[]>;
  readonly users: Map<string, Set<string>>;
  namespaces: MeshModel['namespaces'];
  output: EnvoyOutput;
}

function emptyState(target: EnvoyTarget, settings: MeshSettings): RenderState {
  const findStrays = createStrayAddresses(settings);
  const strays = findStrays(new Map());
  return {
    target,
    settings,
    findStrays,
    strays,
    bases: basesOf(settings, strays),
    switches: switchesOf(undefined),
    origin: undefined,
    fronts: new ByProfile(),
    backs: new WeakMap(),
    plainBacks: new WeakMap(),
    headless: new ByProfile(),
    doors: new ByProfile(),
    inbounds: new WeakMap(),
    uses: new Map(),
    users: new Map(),
    namespaces: new Map(),
    output: { sidecars: new Map() },
  };
}

function basesOf({ serviceRanges }: MeshSettings, strays: StrayAddresses): RenderState['bases'] {
  const base = (egress: Modes['egress']) => baseGroup({ serviceRanges, egress, strays });
  return { allow: base('allow'), deny: base('deny') };
}

function switchesOf(origin: ResourceOrigin | undefined): RenderState['switches'] {
  const to = (mode: Modes['accessLog']) => ({ resources: [accessLogSwitch(mode, origin)] });
  return { off: to('off'), denied: to('denied'), all: to('all') };
}

function sameTarget(a: EnvoyTarget, b: EnvoyTarget): boolean {
  return a.frontDoor?.workload === b.frontDoor?.workload && a.frontDoor?.directory === b.frontDoor?.directory;
}

/** Keys of the workloads that changed, went, or use a Service that did. */
function staleWorkloads(state: RenderState, model: MeshModel): Set<string> {
  const stale = new Set<string>();
  for (const name of new Set([...model.namespaces.keys(), ...state.namespaces.keys()])) {
    const [before, now] = [state.namespaces.get(name), model.namespaces.get(name)];
    if (before === now) continue;
    for (const key of differences(before?.workloads, now?.workloads)) stale.add(`${name}/${key}`);
    for (const key of differences(before?.services, now?.services)) {
      for (const user of state.users.get(`${name}/${key}`) ?? []) stale.add(user);
    }
    for (const service of differences(before?.profiles, now?.profiles)) {
      for (const user of state.users.get(service) ?? []) stale.add(user);
    }
    if (before?.services === now?.services) continue;
    // Which of several answers at their pods may have changed with any of them.
    for (const { headless, key } of now?.services.values() ?? []) {
      if (headless) for (const user of state.users.get(key) ?? []) stale.add(user);
    }
  }
  return stale;
}

function groupsOf(state: RenderState, model: MeshModel, workload: Workload): ResourceGroup[] {
  const { target } = state;
  const { egress } = workload.modes;
  const groups = [
    state.bases[egress],
    state.switches[workload.modes.accessLog],
    remember(state.inbounds, workload.ports, () => inboundOf(workload)),
  ];
  const named = workload.reaches.flatMap(key => serviceOf(model, key) ?? []);
  const answering = answeringFor(model, named);
  const reached = [...named.filter(({ headless }) => !headless), ...answering.keys()];
  const backends = backendsOf(model, reached);
  const profileOf = ({ key }: Service) => profileFor(model, key, workload.namespace);
  for (const [service, direct] of answering) {
    groups.push(...headlessGroups(state, { service, profile: profileOf(service) }, direct));
  }
  for (const service of reached) {
    if (service.headless || !mayCall(service, egress)) continue;
    const profile = profileOf(service);
    groups.push(state.fronts.remember(service, profile, () => frontOf(service, profile)));
    if (!service.inMesh) groups.push(remember(state.plainBacks, service, () => plainBackOf(service, state.settings)));
  }
  for (const service of backends) groups.push(remember(state.backs, service, () => backOf(service, state.settings)));
  if (target.frontDoor?.workload === workload.key) {
    const { directory } = target.frontDoor;
    for (const service of named) {
      const profile = profileOf(service);
      if (service.exposed)
        groups.push(state.doors.remember(service, profile, () => frontDoorOf(service, directory, profile)));
    }
  }
  rememberUses(state, workload.key, new Set([...workload.reaches, ...[...reached, ...backends].map(({ key }) => key)]));
  return groups;
}

/**
 * The headless Services that answer at the pods of those that are named: themselves, or others that have the same pods. Nothing
 * answers for one outside the mesh: its pods' addresses are such as any outside it.
 */
function answeringFor(model: MeshModel, named: readonly Service[]): Map<Service, DirectPort[]> {
  const answering = new Map<Service, DirectPort[]>();
  for (const namespace of new Set(named.flatMap(service => (service.headless ? service.namespace : [])))) {
    const services = model.namespaces.get(namespace)?.services;
    if (services === undefined) continue;
    const direct = directPortsOf(services);
    const at = named.filter(({ headless, namespace: its }) => headless && its === namespace);
    const keys = new Set(at.flatMap(({ ports }) => ports.flatMap(({ endpoints }) => endpoints.map(directKey))));
    const owners = new Set([...keys].flatMap(key => direct.get(key)?.service ?? []));
    const all = Map.groupBy(direct.values(), ({ service }) => service);
    for (const owner of owners) answering.set(owner, all.get(owner) ?? []);
  }
  return answering;
}

/** What clients of a headless Service have; the same objects for as long as it answers at the same places. */
function headlessGroups(
  state: RenderState,
  { service, profile }: { readonly service: Service; readonly profile: RouteProfile | undefined },
  direct: readonly DirectPort[],
): readonly ResourceGroup[] {
  const places = direct.map(({ endpoint }) => directKey(endpoint)).join(' ');
  const known = state.headless.get(service, profile);
  if (known?.places === places) return known.groups;
  const groups = [headlessFrontOf(service, direct, profile), directBackOf(service, state.settings)];
  state.headless.set(service, profile, { places, groups });
  return groups;
}

interface HeadlessGroups {
  readonly places: string;
  readonly groups: readonly ResourceGroup[];
}

/** A Service outside the mesh has no listener where calls may not leave the mesh: its address is closed like any other (H4). */
function mayCall(service: Service, egress: Modes['egress']): boolean {
  return service.inMesh || egress === 'allow' || isClusterService(service);
}

function rememberUses(state: RenderState, workload: string, services: ReadonlySet<string>): void {
  state.uses.set(workload, [...services]);
  for (const service of services) {
    const users = state.users.get(service);
    if (users === undefined) state.users.set(service, new Set([workload]));
    else users.add(workload);
  }
}

function forgetUses(state: RenderState, workload: string): void {
  for (const service of state.uses.get(workload) ?? []) {
    const users = state.users.get(service);
    users?.delete(workload);
    if (users?.size === 0) state.users.delete(service);
  }
  state.uses.delete(workload);
}

/** Every Service that the routes of some others lead to; a headless one leads to the pods themselves, but at the front door. */
function backendsOf(model: MeshModel, services: readonly Service[]): Set<Service> {
  const backends = new Set<Service>();
  for (const { key, ports, inMesh, headless, exposed } of services) {
    if (!inMesh) continue;
    for (const { outbound } of ports) {
      for (const route of outbound.routes) {
        for (const backend of route.backends) {
          if (headless && !exposed && backend.service === key) continue;
          const service = serviceOf(model, backend.service);
          if (service !== undefined) backends.add(service);
        }
      }
    }
  }
  return backends;
}

function keep(previous: SidecarConfiguration | undefined, groups: readonly ResourceGroup[]): SidecarConfiguration {
  const same =
    previous !== undefined &&
    previous.groups.length === groups.length &&
    groups.every((group, index) => group === previous.groups[index]);
  return same ? previous : { groups };
}
