import { type MeshConfig, type MeshConfigSpec, meshConfigFields, parse, type SourceObject } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf, type ResourceOrigin } from '../model/origin.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { Resource, ResourceSet } from '../store/resource-set.ts';

/** How the mesh behaves by its MeshConfig, and what is to be said of that. */
export interface SettledSettings {
  readonly settings: MeshSettings;
  /** The same object as long as the MeshConfig is. */
  readonly origin?: ResourceOrigin;
  readonly findings: readonly Finding[];
}

/** The MeshConfig in force, if there is one: no other name can be. */
const meshConfigName = 'mesh';

/**
 * Makes what lays the MeshConfig of a set over the settings that the program was started with. Equal settings are the same
 * JavaScript object from one set to the next, whatever was written, so that nothing is made anew for them.
 */
export function createSettler(): (set: ResourceSet) => SettledSettings {
  let last: { base: MeshSettings; config: Resource<MeshConfig> | undefined; settled: SettledSettings } | undefined;
  return ({ settings: base, cluster }) => {
    const config = cluster.meshConfigs.get(meshConfigName);
    if (last?.base === base && last.config === config) return last.settled;
    const next = settle(base, config);
    const before = last?.settled.settings;
    const settings = before !== undefined && isSame(before, next.settings) ? before : next.settings;
    last = { base, config, settled: { ...next, settings } };
    return last.settled;
  };
}

/**
 * The settings that a mesh starts with: those of the program, with what a MeshConfig says of which a change counts from the
 * next start only. In: the objects that there are at the start.
 */
export function startSettings(base: MeshSettings, objects: readonly SourceObject[]): MeshSettings {
  for (const { object } of objects) {
    if (object.kind !== 'MeshConfig') continue;
    const { object: config } = parse(object);
    if (config?.kind === 'MeshConfig') return layOver(base, pick(config.spec ?? {}, 'restart'));
  }
  return base;
}

function settle(base: MeshSettings, config: Resource<MeshConfig> | undefined): SettledSettings {
  if (config === undefined) return { settings: base, findings: [] };
  const spec = config.value.spec ?? {};
  return {
    settings: layOver(base, pick(spec, 'live')),
    origin: originOf(config.source, ['spec']),
    findings: awaitingRestart(base, spec, config.source),
  };
}

function awaitingRestart(base: MeshSettings, spec: MeshConfigSpec, source: SourceObject): Finding[] {
  return meshConfigFields.flatMap(({ path, effect }) => {
    const [now, written] = [valueAt(base, path), valueAt(spec, path)];
    if (effect !== 'restart' || written === undefined || written === now) return [];
    const message = `${path.join('.')} is ${JSON.stringify(now)} as long as this mesh runs; restart it to have ${JSON.stringify(written)}.`;
    return [findingAt('TakesEffectAtRestart', source, ['spec', ...path], message)];
  });
}

/** The fields of a kind that are written. */
function pick(spec: MeshConfigSpec, effect: 'live' | 'restart'): readonly Written[] {
  return meshConfigFields.flatMap(field => {
    const value = valueAt(spec, field.path);
    return field.effect === effect && value !== undefined ? [{ path: field.path, value }] : [];
  });
}

/** A field and its value. */
interface Written {
  readonly path: readonly string[];
  readonly value: unknown;
}

function layOver(base: MeshSettings, written: readonly Written[]): MeshSettings {
  const values: Record<string, unknown> = { ...base };
  for (const { path, value } of written) {
    const [first = '', name] = path;
    values[first] = name === undefined ? value : { ...(values[first] as object), [name]: value };
  }
  // Every value was read by the table that the type is made from.
  return values as unknown as MeshSettings;
}

function valueAt(values: object, [first = '', name]: readonly string[]): unknown {
  const value = (values as Readonly<Record<string, unknown>>)[first];
  return name === undefined ? value : (value as Readonly<Record<string, unknown>> | undefined)?.[name];
}

/** Whether two settings say the same; both have their fields in the same order, that of the table. */
function isSame(a: MeshSettings, b: MeshSettings): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
