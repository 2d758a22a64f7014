/** The content of ConfigMaps and Secrets. Pure. */
import type { FieldPath, SourceObject } from '@heddle/smi';
import { recordOf } from '../../sources/record.ts';

/** The kinds of object that pods take content from. */
export type ConfigurationKind = 'ConfigMap' | 'Secret';

/** What a ConfigMap or Secret holds, by key. */
export interface Configuration {
  readonly source: SourceObject;
  /** For environment variables; a ConfigMap's `binaryData` is not among them. */
  readonly texts: ReadonlyMap<string, string>;
  /** For files: base64. */
  readonly files: ReadonlyMap<string, string>;
  /** Values that an API server would refuse; their keys count as absent. */
  readonly problems: readonly { readonly path: FieldPath; readonly message: string }[];
}

const read = new WeakMap<SourceObject, Configuration>();

/** Reads a ConfigMap or a Secret; the same object gives the same result. A Secret's `stringData` wins over its `data`. */
export function readConfiguration(source: SourceObject): Configuration {
  let configuration = read.get(source);
  if (configuration === undefined) {
    configuration = readContent(source);
    read.set(source, configuration);
  }
  return configuration;
}

function readContent(source: SourceObject): Configuration {
  const { object } = source;
  const texts = new Map<string, string>();
  const files = new Map<string, string>();
  const problems: { path: FieldPath; message: string }[] = [];
  const take = (field: string, add: (key: string, value: string) => string | undefined) => {
    for (const [key, value] of Object.entries(recordOf(object[field]))) {
      const message =
        typeof value === 'string'
          ? add(key, value)
          : value === null
            ? addText(key, '')
            : 'must be a text: put it in quotes';
      if (message !== undefined) problems.push({ path: [field, key], message: `${field}.${key} ${message}.` });
    }
  };
  const addText = (key: string, value: string): undefined => {
    texts.set(key, value);
    files.set(key, Buffer.from(value).toString('base64'));
  };
  const addBytes = (toTexts: boolean) => (key: string, value: string) => {
    const base64 = value.replace(/\s/g, '');
    if (!isBase64(base64)) return 'must be base64';
    files.set(key, base64);
    if (toTexts) texts.set(key, Buffer.from(base64, 'base64').toString());
    return undefined;
  };
  if (object.kind === 'Secret') {
    take('data', addBytes(true));
    take('stringData', addText);
  } else {
    take('data', addText);
    take('binaryData', addBytes(false));
  }
  return { source, texts, files, problems };
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
