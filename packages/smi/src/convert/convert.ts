import { canonicalJson, type JsonObject } from '../json.ts';
import { groupOf, kindOf, versionOf } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import { shapeOf } from '../parse/shape.ts';
import type { Violation } from '../parse/violation.ts';
import { conversionOf, hubVersion } from './hub.ts';
import { conversionAnnotation, hashOf, type Residue, readResidues, withResidues } from './residue.ts';

/** An object in another version, and what could not come along. */
export interface Converted {
  /** Absent when there is no such conversion; `violations` says why. */
  readonly object?: KubeObject;
  readonly violations: readonly Violation[];
}

/** The fields of an object, in some version, with what travels in its annotation. */
interface State {
  readonly fields: JsonObject;
  readonly residues: Map<string, Residue>;
  readonly violations: Violation[];
}

/**
 * Turns an SMI object into the same object of another version of its group: `convert(split, 'split.smi-spec.io/v1alpha2')`.
 * Nothing is lost, both ways: what a version can't hold travels in the annotation `heddle.dev/conversion` and comes back
 * (V4), unknown fields and the order of lists stay (V7), status and other metadata are not touched. It converts what
 * `parse` would complain about just the same. Never throws, whatever the object, and never changes it.
 */
export function convert(object: unknown, apiVersion: string): Converted {
  const shape = shapeOf(object);
  if ('violations' in shape) return shape;
  const problem = refusalOf(shape, apiVersion);
  if (problem !== undefined) return { violations: [problem] };
  const name = `${groupOf(apiVersion)}/${shape.object.kind}`;
  const [from, to] = [versionOf(shape.object.apiVersion), versionOf(apiVersion)];
  if (from === to) return { object: shape.object, violations: [] };
  const state = stateOf(shape.object);
  const hub = from === hubVersion ? checked(state) : toHub(state, name, from);
  const { fields, residues, violations } = to === hubVersion ? hub : fromHub(hub, name, to);
  return { object: assemble(shape.object, apiVersion, { fields, residues }), violations };
}

/** What of an object's annotation no longer counts, since the object was changed after it was converted (V4). */
export function staleConversions(object: KubeObject): readonly Violation[] {
  if (object.metadata.annotations?.[conversionAnnotation] === undefined) return [];
  const state = stateOf(object);
  const version = versionOf(object.apiVersion);
  if (version === hubVersion) return checked(state).violations;
  return toHub(state, `${groupOf(object.apiVersion)}/${object.kind}`, version).violations;
}

/** The fields of an object in the hub's form, with what its annotation brings back. */
export function hubFieldsOf(object: KubeObject): JsonObject {
  const state = stateOf(object);
  const version = versionOf(object.apiVersion);
  if (version === hubVersion) return state.fields;
  return toHub(state, `${groupOf(object.apiVersion)}/${object.kind}`, version).fields;
}

function refusalOf({ object }: { readonly object: KubeObject }, apiVersion: string): Violation | undefined {
  const { kind } = object;
  const info = kindOf(object.apiVersion, kind);
  if (info === undefined || !info.policy) {
    return refuse(`${kind} of ${object.apiVersion} is no policy of a mesh; only that is converted.`);
  }
  if (info.group !== groupOf(apiVersion)) {
    return refuse(`${kind} is a kind of ${info.group}, so it has no version ${apiVersion}; name one of ${info.group}.`);
  }
  const unknown = [object.apiVersion, apiVersion].find(wanted => !info.versions.includes(versionOf(wanted)));
  if (unknown !== undefined) {
    return refuse(`${kind} has the versions ${info.versions.join(', ')} of its group, and not ${versionOf(unknown)}.`);
  }
  const isStored = info.versions.includes(hubVersion);
  if (isStored || object.apiVersion === apiVersion) return undefined;
  return refuse(`${kind} is measured anew for each answer; ask for it in ${apiVersion} where it is served.`);
}

function refuse(message: string): Violation {
  return { reason: 'UnsupportedVersion', path: ['apiVersion'], message };
}

/** What no version moves: everything else is converted. */
const kept = ['apiVersion', 'kind', 'metadata', 'status'];

function stateOf(object: KubeObject): State {
  const fields = Object.fromEntries(Object.entries(object).filter(([name]) => !kept.includes(name)));
  const residues = readResidues(object.metadata);
  const violations = residues === undefined ? [stale('It is not one that Heddle wrote')] : [];
  return { fields, residues: new Map(residues), violations };
}

function assemble(object: KubeObject, apiVersion: string, { fields, residues }: Omit<State, 'violations'>): KubeObject {
  const order = Object.keys(object).filter(name => kept.includes(name) || Object.hasOwn(fields, name));
  const names = new Set([...order.filter(name => name !== 'status'), ...Object.keys(fields), ...order]);
  const values: JsonObject = {
    ...fields,
    apiVersion,
    kind: object.kind,
    metadata: withResidues(object.metadata as unknown as JsonObject, residues),
    ...(Object.hasOwn(object, 'status') && { status: object['status'] }),
  };
  return Object.fromEntries([...names].map(name => [name, values[name]])) as KubeObject;
}

function toHub({ fields: written, residues, violations }: State, name: string, version: string): State {
  const conversion = conversionOf(name, version);
  const plain = conversion.toHub(written);
  const carried = residues.get(hubVersion);
  residues.delete(hubVersion);
  // What it says itself counts; that would be of an object in another version, of which somebody changed the name.
  if (residues.delete(version)) violations.push(stale(`The object is one of ${version}`));
  let fields = plain;
  if (carried !== undefined) {
    const isFresh = carried.hash === hashOf(plain);
    const salvaged = isFresh ? carried.fields : conversion.salvage?.(plain, carried.fields);
    if (salvaged === undefined) violations.push(stale('The object was changed since'));
    fields = salvaged ?? plain;
  }
  const state = checked({ fields, residues, violations });
  if (!isSame(conversion.fromHub(fields), written))
    state.residues.set(version, { hash: hashOf(fields), fields: written });
  return state;
}

function fromHub({ fields: hub, residues, violations }: State, name: string, version: string): State {
  const conversion = conversionOf(name, version);
  // What does not count any more was left out on the way to the hub.
  const fields = residues.get(version)?.fields ?? conversion.fromHub(hub);
  residues.delete(version);
  const plain = conversion.toHub(fields);
  if (!isSame(plain, hub)) residues.set(hubVersion, { hash: hashOf(plain), fields: hub });
  return { fields, residues, violations };
}

/** Leaves out what came from other hub fields than these, and says so. */
function checked({ fields, residues, violations }: State): State {
  if (residues.size === 0) return { fields, residues, violations };
  const hash = hashOf(fields);
  const outdated = [...residues].filter(([version, residue]) => version === hubVersion || residue.hash !== hash);
  for (const [version] of outdated) {
    residues.delete(version);
    violations.push(stale(`The object was changed since it was converted from ${version}`));
  }
  return { fields, residues, violations };
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function stale(why: string): Violation {
  const message = `${why}: what this annotation keeps of another version no longer counts. Delete it; what the object says itself is in force.`;
  return { reason: 'StaleConversion', path: ['metadata', 'annotations', conversionAnnotation], message };
}
