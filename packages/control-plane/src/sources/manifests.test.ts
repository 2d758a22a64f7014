import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { ManifestFolder } from './manifest-folder.ts';
import { type Manifest, readManifest, readManifestBytes } from './manifests.ts';

const service = (name: string, rest = ''): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n${rest}`;

function only(manifest: Manifest): Record<string, unknown> {
  assert.deepEqual(manifest.findings, []);
  assert.equal(manifest.objects.length, 1);
  const [source] = manifest.objects;
  assert.ok(source);
  return source.object;
}

function names(manifest: Manifest): string[] {
  return manifest.objects.map(({ object }) => object.metadata.name);
}

describe('readManifest', () => {
  it('reads scalars as kubectl does', () => {
    const table: [string, unknown][] = [
      ['yes', true],
      ['off', false],
      ['"yes"', 'yes'],
      ['0644', 420],
      ['1_000', 1000],
      ['1e3', 1000],
      ['.5', 0.5],
      ['e1', 'e1'],
      ['.', '.'],
      ['0x_', '0x_'],
      ['1:30', '1:30'],
      ['2026-11-01', '2026-11-01'],
      ['~', null],
      ['500m', '500m'],
      ['!!str 10', '10'],
      ['!own 10', '10'],
    ];
    for (const [written, value] of table) {
      assert.deepEqual(only(readManifest('a.yaml', service('a', `field: ${written}\n`)))['field'], value, written);
    }
  });

  const readable: [string, string, string[]][] = [
    ['nothing', '', []],
    ['blanks', '\n \n', []],
    ['comments only', '# a\n# b\n', []],
    ['several documents', `${service('a')}---\n${service('b')}`, ['a', 'b']],
    ['empty documents', `---\n---\n# nothing\n---\n${service('a')}---\n`, ['a']],
    ['a trailing marker without a line end', `${service('a')}---`, ['a']],
    ['Windows line ends', `${service('a')}---\n${service('b')}`.replaceAll('\n', '\r\n'), ['a', 'b']],
    ['a byte order mark', `\u{FEFF}${service('a')}`, ['a']],
    ['a directive', `%YAML 1.1\n---\n${service('a')}`, ['a']],
    ['document ends', `${service('a')}...\n---\n${service('b')}...\n`, ['a', 'b']],
    ['content on the marker line', '--- {apiVersion: v1, kind: Service, metadata: {name: a}}\n', ['a']],
    ['JSON', '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}', ['a']],
    ['JSON with tabs', '{\n\t"apiVersion": "v1",\n\t"kind": "Service",\n\t"metadata": {"name": "a"}\n}\n', ['a']],
    [
      'a List',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }],
      }),
      ['p'],
    ],
    [
      'a typed list',
      'apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplitList\nitems:\n- metadata: {name: s}\n',
      ['s'],
    ],
    ['an empty List', 'apiVersion: v1\nkind: List\n', []],
    ['a typed list without items', 'apiVersion: v1\nkind: PodList\nitems: null\n', []],
    ['a list in a list', 'kind: List\nitems: [{kind: PodList, apiVersion: v1, items: [{metadata: {name: p}}]}]', ['p']],
    ['a kind that ends in List', 'apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\n', ['a']],
  ];
  for (const [what, text, expected] of readable) {
    it(`reads ${what}`, () => {
      const manifest = readManifest('a.yaml', text);
      assert.deepEqual(manifest.findings, []);
      assert.deepEqual(names(manifest), expected);
      assert.equal(manifest.state, 'whole');
    });
  }

  it('gives the items of a typed list their kind', () => {
    const manifest = readManifest(
      'a.yaml',
      'apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplitList\nitems:\n- metadata: {name: s}\n',
    );
    const { apiVersion, kind } = only(manifest);
    assert.deepEqual([apiVersion, kind], ['split.smi-spec.io/v1alpha4', 'TrafficSplit']);
  });

  it('merges `<<`, follows anchors and takes `__proto__` for a key like others', () => {
    const text = service('a', 'x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\n__proto__: {polluted: true}\n');
    const object = only(readManifest('a.yaml', text));
    assert.deepEqual(object['y'], { a: 1, b: 3 });
    assert.deepEqual(object['z'], { a: 1, b: 2 });
    assert.ok(Object.hasOwn(object, '__proto__'));
    assert.equal(object['polluted'], undefined);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('keeps keys as written', () => {
    assert.deepEqual(only(readManifest('a.yaml', service('a', 'data: {on: 1, 80: 2, y: 3}\n')))['data'], {
      on: 1,
      80: 2,
      y: 3,
    });
  });

  it('completes the metadata: a namespace, no nulls, no managedFields', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: null, labels: null, managedFields: [{}]}\n';
    assert.deepEqual(only(readManifest('a.yaml', text))['metadata'], { name: 'a', namespace: 'default' });
    const cluster = readManifest('a.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');
    assert.deepEqual(only(cluster)['metadata'], { name: 'a' });
  });
});

describe('readManifest refuses a whole file', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n`;
  const unreadable: [string, string, number, number, RegExp][] = [
    ['a tab', `${service('a')}---\napiVersion: v1\n\tkind: x\n`, 7, 1, /./],
    ['an open bracket', `${service('a')}spec: {\n`, 6, 1, /./],
    ['an open quote', `${service('a')}spec: "x\n---\n${service('b')}`, 6, 1, /quote/],
    ['a duplicate key', `${service('a')}---\n${service('b')}  name: c\n`, 10, 3, /"name" stands twice/],
    ['a duplicate key in JSON', '{"apiVersion": "v1",\n "kind": "A", "kind": "B"}', 2, 15, /"kind" stands twice/],
    ['an alias without anchor', `${service('a')}spec: *nope\n`, 5, 7, /nope/],
    ['a merge of what is no map', `${service('a')}spec: {<<: x}\n`, 1, 1, /Merge/],
    ['billion laughs', `${service('a')}${bomb}`, 11, 8, /alias/i],
    ['an object in itself', `${service('a')}spec: &s {s: *s}\n`, 1, 1, /deep/],
    ['deep brackets', `${service('a')}spec: ${'['.repeat(5000)}`, 5, 107, /deep/],
    ['deep braces', `${service('a')}spec: ${'{'.repeat(5000)}`, 5, 107, /deep/],
    ['deep explicit keys', '? '.repeat(5000), 1, 129, /deep/],
    ['deep indentation', Array.from({ length: 400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 1, 1, /deep/],
    ['a NUL byte', `${service('a')}spec: \0\n`, 5, 7, /NUL/],
    ['a map as a key', `${service('a')}? {a: b}\n: c\n`, 5, 3, /string/],
  ];
  for (const [what, text, line, column, message] of unreadable) {
    it(`for ${what}`, () => {
      const manifest = readManifest('dir/a.yaml', text);
      assert.equal(manifest.state, 'unreadable');
      assert.deepEqual(manifest.objects, []);
      const [finding] = manifest.findings;
      assert.equal(finding?.reason, 'UnreadableFile');
      assert.match(finding.message, message);
      assert.deepEqual([finding.file, finding.line, finding.column], ['dir/a.yaml', line, column]);
    });
  }

  it('for JSON that is YAML only, where the name says JSON', () => {
    for (const text of ['{"a": 1,}', 'a: 1', '{"a": 1} # b', '']) {
      assert.equal(readManifest('a.json', text).state, 'unreadable', text);
    }
  });

  it('for bytes that are not UTF-8, and too many', () => {
    const latin = readManifestBytes('a.yaml', Buffer.from('a: 1\nb: \xe9\n', 'latin1'));
    assert.deepEqual([latin.findings[0]?.line, latin.findings[0]?.column], [2, 4]);
    assert.match(
      readManifestBytes('a.yaml', Buffer.from('\u{FEFF}a: 1', 'utf16le')).findings[0]?.message ?? '',
      /UTF-16/,
    );
    assert.match(
      readManifestBytes('a.yaml', Buffer.alloc(11), { maxBytes: 10 }).findings[0]?.message ?? '',
      /more than 10 bytes/,
    );
    assert.deepEqual(readManifestBytes('a.yaml', Buffer.from(`\u{FEFF}${service('a')}`)).findings, []);
  });

  it('never throws, whatever the text', () => {
    const token = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '---\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '<<',
      '? ',
      '|',
      '>',
      '#',
      '!!',
      '%',
      ',',
      '\t',
      'kind',
      '...',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), fc.constantFrom('a.yaml', 'a.json'), (tokens, file) => {
        const manifest = readManifest(file, tokens.join(''));
        for (const source of manifest.objects) source.locate([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('readManifest sets documents aside', () => {
  const refused: [string, string, string, RegExp][] = [
    ['a list', '- a\n', 'NotAnObject', /this is a list/],
    ['a string', 'hello\n', 'NotAnObject', /"hello"/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 'NotAnObject', /kind is missing/],
    ['no apiVersion', 'kind: Pod\nmetadata: {name: a}\n', 'NotAnObject', /apiVersion is missing/],
    ['a number as apiVersion', 'apiVersion: 1\nkind: Pod\nmetadata: {name: a}\n', 'NotAnObject', /must be a string/],
    ['no name', 'apiVersion: v1\nkind: Pod\n', 'NotAnObject', /metadata.name is missing/],
    ['a number as name', 'apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n', 'NotAnObject', /in quotes \(5 is none\)/],
    ['a path as name', 'apiVersion: x/v1\nkind: Pad\nmetadata: {name: ../a}\n', 'NotAnObject', /not a name/],
    ['capitals in a name', 'apiVersion: v1\nkind: Pod\nmetadata: {name: A}\n', 'NotAnObject', /not a name/],
    [
      'a namespace with dots',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: a.b}\n',
      'InvalidField',
      /not a namespace/,
    ],
    [
      'a label that is no string',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {v: 1}}\n',
      'InvalidField',
      /in quotes \(1 is none\)/,
    ],
    [
      'an annotation that is no string',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {v: true}}\n',
      'InvalidField',
      /in quotes \(true is none\)/,
    ],
    [
      'owners that are none',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, ownerReferences: [{}]}\n',
      'InvalidField',
      /owner/,
    ],
  ];
  for (const [what, text, reason, message] of refused) {
    it(`for ${what}, and takes the others`, () => {
      const manifest = readManifest('a.yaml', `${service('before')}---\n${text}---\n${service('after')}`);
      assert.deepEqual(names(manifest), ['before', 'after']);
      assert.equal(manifest.state, 'partly');
      assert.equal(manifest.findings.length, 1);
      assert.equal(manifest.findings[0]?.reason, reason);
      assert.match(manifest.findings[0]?.message ?? '', message);
      assert.equal(manifest.findings[0]?.file, 'a.yaml');
      assert.ok((manifest.findings[0]?.line ?? 0) >= 6);
    });
  }

  it('names the object and the field where there is one', () => {
    const [finding] = readManifest(
      'a.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    app: x\n    v: 1\n',
    ).findings;
    assert.deepEqual(finding?.object, { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a' });
    assert.deepEqual([finding?.field, finding?.line, finding?.column], ['metadata.labels.v', 7, 5]);
  });
});

describe('locate', () => {
  const text = `# first\n${service('a')}---\n# second\n${service('b', 'spec:\n  ports:\n    - port: 80\n    - port: 81\n      name: x\n')}`;

  it('gives the place of a field, or of its nearest written ancestor', () => {
    const [, b] = readManifest('dir/a.yaml', text).objects;
    const at = (...path: (string | number)[]): unknown => {
      const place = b?.locate(path);
      return [place?.line, place?.column];
    };
    assert.deepEqual(at(), [8, 1]);
    assert.deepEqual(at('metadata', 'name'), [11, 3]);
    assert.deepEqual(at('metadata', 'namespace'), [10, 1]);
    assert.deepEqual(at('spec', 'ports', 1), [15, 7]);
    assert.deepEqual(at('spec', 'ports', 1, 'name'), [16, 7]);
    assert.deepEqual(at('spec', 'ports', 7, 'name'), [13, 3]);
    assert.deepEqual(at('spec', 'ports', 'x'), [13, 3]);
  });

  it('goes where an alias or a merged map was written', () => {
    const [source] = readManifest('a.yaml', service('a', 'x: &x\n  p: 1\ny:\n  <<: *x\nz: *x\n')).objects;
    assert.equal(source?.locate(['y', 'p']).line, 6);
    assert.equal(source?.locate(['z', 'p']).line, 6);
  });

  it('works in lists and in JSON', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a"\\' } },
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
      ],
    };
    list.items[0] = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'o' } };
    for (const [file, written] of [
      ['a.json', JSON.stringify(list, null, 2)],
      ['a.yaml', stringify(list)],
    ] as const) {
      const lines = written.split('\n');
      const [, second] = readManifest(file, written).objects;
      const { line, column } = second?.locate(['metadata', 'name']) ?? { line: 0, column: 0 };
      assert.match(lines[line - 1]?.slice(column - 1) ?? '', /^"?name"?: "?p/);
    }
  });
});

describe('a file read again', () => {
  it('is read only where it changed', () => {
    const before = readManifest('a.yaml', `${service('a')}---\n${service('b')}`);
    const after = readManifest('a.yaml', `${service('a', 'x: 1\n')}---\n${service('b')}`, before);
    assert.equal(after.objects[1]?.object, before.objects[1]?.object);
    assert.equal(after.objects[1]?.locate([]).line, 7);
  });
});

describe('the split of objects over documents, lists and files', () => {
  it('makes no difference', () => {
    const object = fc.record({
      apiVersion: fc.constantFrom('v1', 'apps/v1'),
      kind: fc.constantFrom('Service', 'Pod'),
      metadata: fc.record({
        name: fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
        labels: fc.dictionary(
          fc.string().filter(key => key !== '<<'),
          fc.string(),
        ),
      }),
      spec: fc.jsonValue({ maxDepth: 3 }),
    });
    const objects = fc.uniqueArray(object, {
      maxLength: 8,
      selector: ({ apiVersion, kind, metadata }) => `${apiVersion}/${kind}/${metadata.name}`,
    });
    const forms = fc.array(fc.constantFrom('yaml', 'json', 'list', 'flow'), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(objects, forms, fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }), (written, form, places) => {
        const folder = new ManifestFolder();
        const files = new Map<string, string>();
        written.forEach((value, index) => {
          const name = form[index] === 'json' ? `${index}.json` : `${places[index]}.yaml`;
          files.set(name, (files.get(name) ?? '') + documentOf(value, form[index]));
        });
        for (const [file, text] of files) folder.set(readManifest(file, text));
        const { objects: read, findings } = folder.deliver();
        assert.deepEqual(findings, []);
        const expected = written.map(value => ({ ...value, metadata: { ...value.metadata, namespace: 'default' } }));
        assert.deepEqual(sorted(read.map(source => source.object)), sorted(expected));
      }),
      { numRuns: 200 },
    );
  });
});

function documentOf(value: unknown, form: string | undefined): string {
  if (form === 'json') return JSON.stringify(value);
  if (form === 'list')
    return `---\n${stringify({ apiVersion: 'v1', kind: 'List', items: [value] }, { version: '1.1' })}`;
  return `---\n${form === 'flow' ? `${JSON.stringify(value)}\n` : stringify(value, { version: '1.1' })}`;
}

function sorted(values: readonly unknown[]): unknown[] {
  return values
    .map(value => JSON.parse(JSON.stringify(value)) as unknown)
    .toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}

function canonical(value: unknown): string {
  const { apiVersion, kind, metadata } = value as { apiVersion: string; kind: string; metadata: { name: string } };
  return `${apiVersion}/${kind}/${metadata.name}`;
}
