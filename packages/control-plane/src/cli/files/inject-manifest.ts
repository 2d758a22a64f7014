import { injectObject } from '../../inject/inject-object.ts';
import type { InjectionSettings } from '../../inject/settings.ts';
import { isRecord, type JsonRecord } from '../../sources/record.ts';
import { editableYaml } from '../../sources/yaml.ts';
import { rewriteDocument } from './rewrite-document.ts';

/** A manifest, injected. */
export interface ManifestInjection {
  /** The documents as they are to be written, with their comments. */
  readonly documents: readonly string[];
  /** What became of each object that makes pods, a sentence each. */
  readonly told: readonly string[];
  /** Why it can't be injected; nothing is to be written then. */
  readonly problems: readonly string[];
}

/** Injects every object of a manifest that makes pods; all others stay as they are. */
export function injectManifest(text: string, settings: InjectionSettings): ManifestInjection {
  const told: string[] = [];
  const problems: string[] = [];
  let changes = false;
  const inject = (value: unknown): unknown => {
    if (!isRecord(value)) return value;
    const { kind, items } = value;
    if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
      return { ...value, items: items.map(inject) };
    }
    const result = injectObject(value, settings);
    if (result === undefined) return value;
    const { injection, object } = result;
    const name = nameOf(value);
    changes ||= injection.kind === 'injected';
    if (injection.kind === 'refused') problems.push(...injection.problems.map(problem => `${name}: ${problem}`));
    else told.push(injection.kind === 'injected' ? `${name}: injected` : `${name}: left alone, ${injection.why}`);
    return object;
  };
  const padding = /[{[] +\S/.test(text);
  const documents = editableYaml(text).flatMap(document => {
    const before: unknown = document.toJS();
    return before === null || before === undefined ? [] : [rewriteDocument(document, inject(before), { padding })];
  });
  // As it was, to the letter.
  return { documents: changes ? documents : [text], told, problems };
}

function nameOf({ kind, metadata }: JsonRecord): string {
  const { namespace, name, generateName } = isRecord(metadata) ? metadata : {};
  const id = [namespace, name ?? generateName].filter(part => typeof part === 'string').join('/');
  return `${String(kind)} ${id}`.trim();
}
