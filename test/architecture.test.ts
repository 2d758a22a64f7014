// Who may know whom. The table is the architecture; ARCHITECTURE.md shows it (`node test/architecture.test.ts --update`
// writes it there), and the tests below hold every source file to it.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

interface Layer {
  readonly holds: string;
  /** Other layers, by name; `(types)`: nothing that exists at run time. Everything inside a layer may know each other. */
  readonly knows: readonly string[] | typeof everything;
  /** npm packages, and `Node` for its own modules. A layer without `Node` is pure: no I/O, no clock, nothing async. */
  readonly packages?: readonly string[];
}

const everything = 'everything';

/** By folder under `packages/<package>/src`, or by file; the longest name that fits counts. */
const layers: Readonly<Record<string, Layer>> = {
  smi: { holds: 'SMI objects: types, parsing', knows: [], packages: ['re2js'] },
  'mesh/findings': { holds: 'what can be wrong with an input', knows: ['smi'] },
  'mesh/model': { holds: 'the mesh as everything downstream reads it', knows: ['smi', 'mesh/findings'] },
  'mesh/store': { holds: 'the resources, read once each', knows: ['smi', 'mesh/findings', 'mesh/model'] },
  'mesh/compile': { holds: 'resources to model', knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/store'] },
  'mesh/status': { holds: 'what to say of one object', knows: ['smi', 'mesh/findings', 'mesh/store'] },
  'mesh/explain': { holds: 'one request’s verdict, and why', knows: ['smi', 'mesh/findings', 'mesh/model'] },
  'mesh/analyze': { holds: 'questions about the whole model', knows: ['smi', 'mesh/findings', 'mesh/model'] },
  'mesh/backends': { holds: 'what every backend offers', knows: ['smi', 'mesh/findings', 'mesh/model'] },
  'mesh/backends/application': {
    holds: 'model to what applications are told',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/backends'],
  },
  'mesh/backends/envoy': {
    holds: 'model to Envoy configuration',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/backends', 'envoy-api (types)'],
  },
  'mesh/backends/gateway-api': {
    holds: 'model to the Gateway API',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/backends'],
  },
  'mesh/backends/istio': {
    holds: 'model to Istio',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/backends'],
  },
  'mesh/backends/linkerd': {
    holds: 'model to Linkerd',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/backends'],
  },
  mesh: {
    holds: 'the package’s entry point',
    knows: [
      'mesh/findings',
      'mesh/model',
      'mesh/store',
      'mesh/compile',
      'mesh/status',
      'mesh/explain',
      'mesh/analyze',
      'mesh/backends',
      'mesh/backends/application',
      'mesh/backends/envoy',
      'mesh/backends/gateway-api',
      'mesh/backends/istio',
      'mesh/backends/linkerd',
    ],
  },
  'control-plane/sources': {
    holds: 'files to resources',
    knows: ['smi', 'mesh/findings', 'mesh/store', 'mesh/model'],
    packages: ['Node', 'yaml'],
  },
  'control-plane/sources/kubernetes': {
    holds: 'a cluster to resources',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/store',
      'control-plane/sources',
      'control-plane/kube',
      'control-plane/inject',
    ],
    packages: ['Node'],
  },
  'control-plane/xds': {
    holds: 'configuration to the wire',
    knows: ['envoy-api'],
    packages: ['Node', '@bufbuild/protobuf', '@grpc/grpc-js'],
  },
  'control-plane/identity': {
    holds: 'certificates',
    knows: ['envoy-api (types)'],
    packages: ['Node', '@peculiar/asn1-schema', '@peculiar/asn1-x509'],
  },
  'control-plane/sidecar': {
    holds: 'an Envoy, its bootstrap, its interception',
    knows: ['envoy-api (types)'],
    packages: ['Node'],
  },
  'control-plane/local/pod.ts': {
    holds: 'a pod as a machine runs it',
    knows: ['control-plane/sidecar'],
    packages: ['Node'],
  },
  'control-plane/local/desired': {
    holds: 'manifests to the pods that this machine should run',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'control-plane/sources',
      'control-plane/sidecar',
      'control-plane/local/pod.ts',
    ],
    packages: ['Node'],
  },
  'control-plane/local/sandbox': {
    holds: 'the namespaces, mounts and network of a pod',
    knows: ['control-plane/sidecar', 'control-plane/local/pod.ts'],
    packages: ['Node'],
  },
  'control-plane/local/dns': {
    holds: 'the names of the cluster, served to pods',
    knows: [],
    packages: ['Node', 'dns-packet'],
  },
  'control-plane/local/node': {
    holds: 'the node: runs the pods that it is told, knows no manifest and no policy',
    knows: [
      'control-plane/sidecar',
      'control-plane/local/pod.ts',
      'control-plane/local/sandbox',
      'control-plane/local/dns',
    ],
    packages: ['Node'],
  },
  'control-plane/local/controller': {
    holds: 'the node as the controller sees it: a source of pods, an output for them',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'control-plane/sources',
      'control-plane/outputs',
      'control-plane/sidecar',
      'control-plane/local/pod.ts',
      'control-plane/local/desired',
    ],
    packages: ['Node'],
  },
  'control-plane/local/host': {
    holds: 'node and controller as processes of this machine, and their directory',
    knows: [
      'control-plane/local/pod.ts',
      'control-plane/local/sandbox',
      'control-plane/local/node',
      'control-plane/local/controller',
    ],
    packages: ['Node'],
  },
  'control-plane/kube': {
    holds: 'an API server: access, requests, list and watch; no kind of the mesh',
    knows: [],
    packages: ['Node', '@kubernetes/client-node'],
  },
  'control-plane/local/cluster': {
    holds: 'a Kubernetes control plane as processes of this machine',
    knows: ['control-plane/identity'],
    packages: ['Node'],
  },
  'control-plane/local/kubelet': {
    holds: 'the node as a cluster sees it: kubelet and scheduler for the one that runs here',
    knows: [
      'smi',
      'mesh/findings',
      'control-plane/kube',
      'control-plane/sources',
      'control-plane/local/pod.ts',
      'control-plane/local/desired',
      'control-plane/local/controller',
    ],
    packages: ['Node'],
  },
  'control-plane/traffic': {
    holds: 'calls that are expected to end in a certain way, and how they did',
    knows: ['smi', 'mesh/findings', 'mesh/model', 'mesh/explain'],
    packages: ['Node'],
  },
  'control-plane/outputs': {
    holds: 'what the loop made, brought to sidecars and pods',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'mesh/store',
      'mesh/backends',
      'mesh/backends/application',
      'mesh/backends/envoy',
      'control-plane/xds',
      'control-plane/identity',
      'control-plane/sidecar',
    ],
    packages: ['Node', 'yaml'],
  },
  'control-plane/outputs/kubernetes': {
    holds: 'what a cluster is told, and who in it is whom',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/status',
      'mesh/model',
      'control-plane/kube',
      'control-plane/sources/kubernetes',
      'control-plane/identity',
      'control-plane/sidecar',
      'control-plane/xds',
    ],
    packages: ['Node'],
  },
  'control-plane/api': {
    holds: 'the state of a running mesh, served and read',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'mesh/store',
      'mesh/status',
      'mesh/analyze',
      'mesh/explain',
      'mesh/backends/envoy',
      'control-plane/local/controller',
      'control-plane/log.ts',
      'control-plane/loop.ts',
      'control-plane/failures.ts',
      'control-plane/outputs',
      'control-plane/xds',
    ],
    packages: ['Node'],
  },
  'control-plane/metrics': {
    holds: 'what a controller counts, and its web page for machines',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'mesh/store',
      'mesh/status',
      'mesh/backends/envoy',
      'control-plane/api',
      'control-plane/local/host',
      'control-plane/outputs',
      'control-plane/xds',
    ],
    packages: ['Node'],
  },
  'control-plane/webhooks': {
    holds: 'what the API server asks of a mesh: conversion, validation, injection; and what its pods mount',
    knows: [
      'smi',
      'mesh/findings',
      'mesh/model',
      'mesh/store',
      'mesh/compile',
      'control-plane/sources',
      'control-plane/identity',
      'control-plane/inject',
      'control-plane/install',
      'control-plane/kube',
      'control-plane/sidecar',
      'control-plane/log.ts',
    ],
    packages: ['Node'],
  },
  'control-plane/install': {
    holds: 'the objects that an installation on a cluster consists of',
    knows: ['smi', 'control-plane/inject', 'control-plane/sources'],
    packages: ['Node'],
  },
  'control-plane/inject': {
    holds: 'a pod to a pod of the mesh, as the webhook and the command make it',
    knows: ['smi', 'control-plane/sources', 'control-plane/sidecar', 'envoy-api (types)'],
    packages: ['Node'],
  },
  'control-plane/failures.ts': { holds: 'hops that fail, kept apart and tried again', knows: [], packages: ['Node'] },
  'control-plane/log.ts': { holds: 'structured logs', knows: [] },
  'control-plane/mesh-report.ts': {
    holds: 'what a controller tells of its mesh: status, metrics, log',
    knows: everything,
    packages: ['Node'],
  },
  'control-plane/controller.ts': { holds: 'the wiring of a controller', knows: everything, packages: ['Node'] },
  'control-plane/local-controller.ts': {
    holds: 'the wiring of a local mesh’s controller',
    knows: everything,
    packages: ['Node'],
  },
  'control-plane/local-cluster.ts': {
    holds: 'the wiring of a cluster on this machine',
    knows: everything,
    packages: ['Node'],
  },
  'control-plane/cluster-webhooks.ts': {
    holds: 'the wiring of a cluster’s webhooks',
    knows: everything,
    packages: ['Node'],
  },
  'control-plane/kubernetes-controller.ts': {
    holds: 'the wiring of a cluster’s controller',
    knows: everything,
    packages: ['Node'],
  },
  'control-plane/config.ts': { holds: 'the settings', knows: [], packages: ['Node'] },
  'control-plane/loop.ts': { holds: 'the five hops, in order', knows: everything, packages: ['Node'] },
  'control-plane/cli': { holds: 'the commands', knows: everything, packages: ['Node', 'commander', 'yaml'] },
  'control-plane/main.ts': { holds: 'the start of the binary', knows: everything, packages: ['Node', 'commander'] },
  runtime: { holds: 'SMI inside an application', knows: [], packages: ['Node', 're2js', 'yaml'] },
};

/** The generated package: known by name, not held to the table. */
const generated = 'envoy-api';

/** The one place that reads the environment hands it on as a value. */
const readsEnvironment = new Set([
  'packages/control-plane/src/main.ts',
  'packages/control-plane/src/config.ts',
  'packages/runtime/src/index.ts',
]);

const root = path.dirname(import.meta.dirname);
const page = path.join(root, 'ARCHITECTURE.md');
const marks = { start: '<!-- layers: written by test/architecture.test.ts -->', end: '<!-- end of layers -->' };

const sources = globSync('packages/*/src/**/*.ts', { cwd: root })
  .filter(file => !file.startsWith(`packages/${generated}/`) && !file.includes('/node_modules/'))
  .toSorted();
const production = sources.filter(file => !file.endsWith('.test.ts'));

if (process.argv.includes('--update')) writeFileSync(page, withTable(readFileSync(page, 'utf8')));

test('every source file belongs to a layer', () => {
  report(
    production.filter(file => layerOf(file) === undefined),
    'has no row in the table of layers',
  );
});

test('a layer imports only what its row allows', () => {
  report(production.flatMap(file => importsOf(file).flatMap(found => objection(file, found) ?? [])));
});

test('the layers have an order: none is reached from itself', () => {
  const seen = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    assert.ok(!above.includes(name), `a cycle: ${[...above, name].join(' → ')}`);
    if (seen.has(name)) return;
    for (const known of knownBy(name)) visit(bare(known), [...above, name]);
    seen.add(name);
  };
  for (const [name, layer] of Object.entries(layers)) if (layer.knows !== everything) visit(name, []);
});

test('every layer that a row names has a row', () => {
  const named = Object.keys(layers).flatMap(name => knownBy(name).map(bare));
  report(
    named.filter(name => name !== generated && layers[name] === undefined),
    'is named, but has no row',
  );
});

test('pure layers do nothing async', () => {
  report(
    production.filter(file => isPure(file) && /\basync\b|\bawait\b|\bPromise\b/.test(codeOf(file))),
    'is pure, yet async',
  );
});

test('the environment is read in one place', () => {
  report(
    production.filter(file => !readsEnvironment.has(file) && /\bprocess\.env\b/.test(codeOf(file))),
    'reads process.env',
  );
});

test('every export has a docstring', () => {
  report(production.flatMap(undocumented));
});

test('files are named in kebab case after what they hold', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|property\.test|d))?(\.ts)?$/;
  const vague = /^(utils?|helpers?|common|misc|shared)(\.|$)/;
  report(
    sources.filter(file => namesIn(file).some(segment => !kebab.test(segment))),
    'is not in kebab case',
  );
  report(
    sources.filter(file => namesIn(file).some(segment => vague.test(segment))),
    'has a name that says nothing',
  );
});

test('index.ts is the entry point of a package and nothing else', () => {
  const entries = new Set(globSync('packages/*/package.json', { cwd: root }).flatMap(entryPoints));
  report(
    sources.filter(file => path.basename(file) === 'index.ts' && !entries.has(file)),
    'is not an entry point',
  );
});

test('ARCHITECTURE.md shows the table', () => {
  const text = readFileSync(page, 'utf8');
  assert.equal(text, withTable(text), 'out of date: run `node test/architecture.test.ts --update`');
});

// --- layers ------------------------------------------------------------------------------------------------------

interface Import {
  readonly from: string;
  /** The names taken from it, as exported there; `undefined` when it is taken whole. */
  readonly names: readonly string[] | undefined;
  readonly typesOnly: boolean;
}

/** Why an import is not allowed; `undefined` when it is. */
function objection(file: string, { from, names, typesOnly }: Import): string | undefined {
  const own = layerOf(file);
  const layer = own === undefined ? undefined : layers[own];
  if (layer === undefined) return undefined;
  for (const target of targetsOf(file, from, names)) {
    if (target.package !== undefined) {
      if (layer.packages?.includes(target.package)) continue;
      return `${file}: ${own} may not use the package ${target.package}`;
    }
    if (target.layer === own || layer.knows === everything || layer.knows.includes(target.layer)) continue;
    if (typesOnly && layer.knows.includes(`${target.layer} (types)`)) continue;
    return `${file}: ${own} may not know ${target.layer}${typesOnly ? '' : ' at run time'} (${from})`;
  }
  return undefined;
}

type Target = { readonly layer: string; readonly package?: never } | { readonly package: string };

function targetsOf(file: string, from: string, names: readonly string[] | undefined): Target[] {
  if (from.startsWith('node:')) return [{ package: 'Node' }];
  if (from.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), from);
    return [{ layer: layerOf(target) ?? target }];
  }
  const [scope = '', name = ''] = from.split('/');
  if (scope === '@heddle') {
    const entry = `packages/${name}/src/index.ts`;
    if (name === generated || names === undefined || !existsSync(path.join(root, entry))) return [{ layer: name }];
    const origins = exportsOf(entry);
    return [...new Set(names.map(each => layerOf(origins.get(each) ?? entry) ?? name))].map(layer => ({ layer }));
  }
  return [{ package: scope.startsWith('@') ? `${scope}/${name}` : scope }];
}

function layerOf(file: string): string | undefined {
  const [, name = '', , ...rest] = file.split('/');
  for (let length = rest.length; length > 0; length--) {
    const candidate = [name, ...rest.slice(0, length)].join('/');
    if (layers[candidate] !== undefined) return candidate;
  }
  // The row of a whole package: all of its files, or its entry point where its folders have rows of their own.
  const divided = Object.keys(layers).some(other => other.startsWith(`${name}/`));
  return layers[name] !== undefined && (!divided || rest.length === 1) ? name : undefined;
}

/** The names of folders and file below `src`. */
function namesIn(file: string): string[] {
  return file.split('/').slice(3);
}

function isPure(file: string): boolean {
  const layer = layers[layerOf(file) ?? ''];
  return layer !== undefined && layer.packages?.includes('Node') !== true;
}

function knownBy(name: string): readonly string[] {
  const knows = layers[name]?.knows ?? [];
  return knows === everything ? [] : knows;
}

function bare(name: string): string {
  return name.replace(' (types)', '');
}

// --- source text -------------------------------------------------------------------------------------------------

const texts = new Map<string, string>();

function textOf(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    text = readFileSync(path.join(root, file), 'utf8');
    texts.set(file, text);
  }
  return text;
}

/** The lines that are not comments. */
function codeOf(file: string): string {
  return textOf(file)
    .split('\n')
    .filter(line => !/^\s*(\/?\*|\/\/)/.test(line))
    .map(line => line.replace(/\s\/\/ .*$/, ''))
    .join('\n');
}

/** Static imports, re-exports and `import(…)`, as this repository's formatter writes them. */
function importsOf(file: string): Import[] {
  const code = codeOf(file);
  const found: Import[] = [];
  for (const [, type, clause = '', from = ''] of code.matchAll(
    /^(?:import|export)\s+(type\s)?\s*(?:([\w*{}\s,$]+?)\s+from\s+)?'([^']+)'/gm,
  )) {
    const listed = /\{([^}]*)\}/.exec(clause)?.[1];
    const items = listed?.split(',').flatMap(item => item.trim() || []);
    found.push({
      from,
      names: items?.map(item => item.replace(/^type\s+/, '').replace(/\s+as\s.*$/, '')),
      typesOnly: type !== undefined || (items?.every(item => item.startsWith('type ')) ?? false),
    });
  }
  for (const [, from = ''] of code.matchAll(/\bimport\(\s*'([^']+)'/g))
    found.push({ from, names: undefined, typesOnly: false });
  return found;
}

/** The names that a file exports, each with the file that declares it. */
function exportsOf(file: string): Map<string, string> {
  const found = new Map<string, string>();
  const code = codeOf(file);
  for (const [, name = ''] of code.matchAll(declaration)) found.set(name, file);
  for (const [, list, from = ''] of code.matchAll(/^export\s+(?:type\s+)?(?:\*|\{([^}]*)\})\s+from\s+'(\.[^']+)'/gm)) {
    const target = path.posix.join(path.posix.dirname(file), from);
    const inner = exportsOf(target);
    if (list === undefined) for (const [name, origin] of inner) found.set(name, origin);
    for (const item of list?.split(',') ?? []) {
      const [name = '', alias = name] = item
        .trim()
        .replace(/^type\s+/, '')
        .split(/\s+as\s+/);
      found.set(alias, inner.get(name) ?? target);
    }
  }
  return found;
}

const declaration =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+(\w+)/gm;

function undocumented(file: string): string[] {
  const documented = new Set<string>();
  const text = textOf(file);
  const missing: string[] = [];
  for (const { 1: name = '', index } of text.matchAll(declaration)) {
    // A directive for the linter may stand between.
    const before = text.slice(0, index).replace(/(\/\/ oxlint-.*\n)+$/, '');
    if (before.endsWith('*/\n')) documented.add(name);
    // Overloads, and a type and a value of one name, share the docstring of the first.
    else if (!documented.has(name)) missing.push(`${file}: export ${name} has no docstring`);
  }
  return missing;
}

function entryPoints(manifest: string): string[] {
  const exported = (JSON.parse(textOf(manifest)) as { exports?: Record<string, { source?: string }> }).exports ?? {};
  return Object.values(exported).map(entry => path.posix.join(path.posix.dirname(manifest), entry.source ?? ''));
}

// --- the page ----------------------------------------------------------------------------------------------------

function withTable(text: string): string {
  const [before, rest] = text.split(marks.start);
  const after = rest?.split(marks.end)[1];
  assert.ok(before !== undefined && after !== undefined, `ARCHITECTURE.md lacks ${marks.start} or ${marks.end}`);
  return `${before}${marks.start}\n${table()}\n${marks.end}${after}`;
}

function table(): string {
  const rows = Object.entries(layers).map(([name, layer]) => {
    const knows = layer.knows === everything ? everything : list(layer.knows.map(code));
    return `| \`${name}\` | ${layer.holds} | ${knows} | ${list((layer.packages ?? []).map(code))} |`;
  });
  return ['| layer | holds | may know | may use |', '|---|---|---|---|', ...rows].join('\n');
}

function code(name: string): string {
  return name === 'Node' ? name : name.replace(/^\S+/, '`$&`');
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '–' : items.join(', ');
}

function report(violations: readonly string[], complaint = ''): void {
  const lines = violations.map(line => (complaint === '' ? line : `${line} ${complaint}`));
  if (lines.length > 0) assert.fail(`\n${lines.join('\n')}\n`);
}
