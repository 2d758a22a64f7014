import { isJsonObject, type JsonObject } from '../json.ts';
import { readQuantity, wholeWeights } from './quantity.ts';

/** The version in which objects are stored, and through which every conversion goes. */
export const hubVersion = 'v1alpha4';

/** How the fields of one version become those of the hub, and back. Both are total: what is not understood stays. */
export interface FieldConversion {
  readonly toHub: (fields: JsonObject) => JsonObject;
  readonly fromHub: (fields: JsonObject) => JsonObject;
  /**
   * What of the stored hub fields still counts when an object was changed in this version: what this version can't
   * hold, and what did not change with it. `undefined`: nothing.
   */
  readonly salvage?: (fields: JsonObject, stored: JsonObject) => JsonObject | undefined;
}

const asTheyAre = (fields: JsonObject): JsonObject => fields;

const same: FieldConversion = { toHub: asTheyAre, fromHub: asTheyAre };

/** Versions with another form than the hub, by group and kind; all others have the same. */
const conversions: Readonly<Record<string, Readonly<Record<string, FieldConversion>>>> = {
  'access.smi-spec.io/TrafficTarget': {
    v1alpha1: flat({ destination: 'destination', sources: 'sources', specs: 'rules' }),
  },
  'specs.smi-spec.io/HTTPRouteGroup': {
    v1alpha1: flat({ matches: 'matches' }),
    v1alpha2: flat({ matches: 'matches' }),
  },
  'split.smi-spec.io/TrafficSplit': {
    v1alpha1: { toHub: withWholeWeights, fromHub: withoutMatches, salvage: matchesOfSameRoot },
    v1alpha2: { toHub: asTheyAre, fromHub: withoutMatches, salvage: matchesOfSameRoot },
  },
};

/** The conversion between a version and the hub; `name` is GROUP/KIND. */
export function conversionOf(name: string, version: string): FieldConversion {
  const versions = Object.hasOwn(conversions, name) ? conversions[name] : undefined;
  return versions !== undefined && Object.hasOwn(versions, version) ? (versions[version] ?? same) : same;
}

/** Whether objects of a version mean the same under the hub's name for theirs, without being converted. */
export function hasFormOfHub(name: string, version: string): boolean {
  return conversionOf(name, version).toHub === asTheyAre;
}

/** Versions whose fields stand beside the metadata: what is under `spec` in the hub, under its own name (V1, V2). */
function flat(names: Readonly<Record<string, string>>): FieldConversion {
  const flatNames = new Map(Object.entries(names).map(([outer, inner]) => [inner, outer]));
  return {
    toHub: fields => {
      const rest = Object.entries(fields).filter(([name]) => !Object.hasOwn(names, name) && name !== 'spec');
      const spec = Object.entries(fields).flatMap(([name, value]) =>
        Object.hasOwn(names, name) ? [[names[name] ?? name, value] as const] : [],
      );
      return { ...Object.fromEntries(rest), spec: Object.fromEntries(spec) };
    },
    fromHub: fields => {
      const { spec, ...rest } = fields;
      if (!isJsonObject(spec)) return fields;
      const hoisted = Object.entries(spec).map(([name, value]) => [flatNames.get(name) ?? name, value] as const);
      return { ...rest, ...Object.fromEntries(hoisted) };
    },
  };
}

/** Quantities as whole numbers in the same proportions; what is none stays, for the reader to complain about (V3). */
function withWholeWeights(fields: JsonObject): JsonObject {
  const { spec } = fields;
  if (!isJsonObject(spec) || !Array.isArray(spec['backends'])) return fields;
  const weights = convertWeights(
    spec['backends'].map((backend: unknown) => (isJsonObject(backend) ? backend['weight'] : undefined)),
  );
  const backends = spec['backends'].map((backend: unknown, index) => {
    const weight = weights[index];
    return isJsonObject(backend) && weight !== undefined ? { ...backend, weight } : backend;
  });
  return { ...fields, spec: { ...spec, backends } };
}

/** Whole weights for quantities, in the same proportions; `undefined` in the place of what is none (V3). */
export function convertWeights(written: readonly unknown[]): (number | undefined)[] {
  const quantities = written.map(readQuantity);
  const whole = wholeWeights(quantities.filter(quantity => quantity !== undefined)).values();
  return quantities.map(quantity => (quantity === undefined ? undefined : whole.next().value));
}

/** V1alpha1 and v1alpha2 have no matches (V3). */
function withoutMatches(fields: JsonObject): JsonObject {
  const { spec } = fields;
  if (!isJsonObject(spec) || !Object.hasOwn(spec, 'matches')) return fields;
  const { matches: _, ...rest } = spec;
  return { ...fields, spec: rest };
}

/** A rollout tool that moves weights in an old version must not make a split of some requests one of all. */
function matchesOfSameRoot(fields: JsonObject, stored: JsonObject): JsonObject | undefined {
  const { spec } = fields;
  const { spec: before } = stored;
  if (!isJsonObject(spec) || !isJsonObject(before) || spec['service'] !== before['service']) return undefined;
  if (Object.hasOwn(spec, 'matches') || !Object.hasOwn(before, 'matches')) return fields;
  return { ...fields, spec: { ...spec, matches: before['matches'] } };
}
