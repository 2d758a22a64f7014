// Hot reload, on real folders with the system's own watch.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from './clock.ts';
import { ConfigError } from './config-error.ts';
import { systemWatch } from './place-watchers.ts';
import { Runtime, type RuntimeOptions, type RuntimeWorld } from './runtime.ts';

const text = (timeout: string): string => `version: 1
identity: spiffe://cluster.local/ns/shop/sa/web
mode: {mtls: strict, policy: enforce}
timeout: ${timeout}
`;

const world: RuntimeWorld = {
  clock: systemClock,
  random: () => 0,
  fetch: () => Promise.reject(new Error('nobody fetches here')),
  watch: systemWatch,
  // Nothing is found by looking from time to time: the watch must tell.
  poll: 2 ** 31 - 1,
};

const nothing = (): void => {};

const noWatch = (): never => {
  throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
};

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'heddle-runtime-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function open(t: TestContext, options: RuntimeOptions & { path: string }, other: Partial<RuntimeWorld> = {}) {
  const runtime = await Runtime.open(options, { ...world, ...other });
  t.after(() => runtime.close());
  const errors: ConfigError[] = [];
  const timeouts: (number | undefined)[] = [];
  let wake = nothing;
  runtime.on('error', error => {
    errors.push(error);
    wake();
  });
  runtime.onChange(({ timeout }) => {
    timeouts.push(timeout);
    wake();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>(done => (wake = done));
  };
  return {
    runtime,
    errors,
    /** The timeouts that came in force since the start. */
    timeouts,
    inForce: (timeout: number) => until(() => runtime.config.timeout === timeout),
    refused: (count: number) => until(() => errors.length >= count),
  };
}

/** What kubelet does: a folder of its own for each version, and one link that is swapped. */
function mount(volume: string, version: string, content: string): void {
  mkdirSync(path.join(volume, version), { recursive: true });
  writeFileSync(path.join(volume, version, 'config.yaml'), content);
  symlinkSync(version, path.join(volume, '..data_tmp'));
  renameSync(path.join(volume, '..data_tmp'), path.join(volume, '..data'));
}

test('a ConfigMap that Kubernetes swaps', async t => {
  const volume = folder(t);
  mount(volume, '..2026_1', text('1s'));
  symlinkSync('..data/config.yaml', path.join(volume, 'config.yaml'));
  const { runtime, inForce, timeouts, errors } = await open(t, { path: path.join(volume, 'config.yaml') });
  assert.equal(runtime.config.timeout, 1000);
  for (const version of [2, 3, 4]) {
    mount(volume, `..2026_${version}`, text(`${version}s`));
    rmSync(path.join(volume, `..2026_${version - 1}`), { recursive: true });
    await inForce(version * 1000);
  }
  assert.deepEqual([timeouts, errors], [[2000, 3000, 4000], []]);
});

test('a file that is written in place, replaced, removed and made again', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  const { runtime, inForce, refused, errors } = await open(t, { path: file });
  writeFileSync(file, text('2s'));
  await inForce(2000);
  writeFileSync(`${file}.new`, text('3s'));
  renameSync(`${file}.new`, file);
  await inForce(3000);
  writeFileSync(file, text('4s'));
  await inForce(4000);
  rmSync(file);
  await refused(1);
  assert.deepEqual([errors[0]?.code, errors[0]?.message], ['ConfigUnreadable', `${file}: does not exist`]);
  assert.equal(runtime.config.timeout, 4000);
  writeFileSync(file, text('5s'));
  await inForce(5000);
});

test('a file that is half-written is waited for', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  let write = nothing;
  const after: RuntimeWorld['clock']['after'] = (...timer) => {
    // The writer goes on while the first look is doubted.
    write();
    write = nothing;
    return systemClock.after(...timer);
  };
  const { inForce, timeouts, errors } = await open(t, { path: file }, { clock: { ...systemClock, after } });
  write = () => appendFileSync(file, text('2s').slice(30));
  truncateSync(file);
  appendFileSync(file, text('2s').slice(0, 30));
  await inForce(2000);
  assert.deepEqual([timeouts, errors], [[2000], []]);
});

test('a file that stays half-written is refused; the last good one stays in force until it is whole', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  const { runtime, inForce, refused, timeouts, errors } = await open(t, { path: file });
  writeFileSync(file, text('2s').slice(0, 30));
  await refused(1);
  assert.equal(runtime.config.timeout, 1000);
  assert.equal(errors[0]?.code, 'ConfigInvalid');
  assert.deepEqual(
    errors[0]?.problems.map(({ field }) => field),
    ['identity', 'mode'],
  );
  assert.match(runtime.metrics(), /heddle_runtime_config_current 0\n/);
  appendFileSync(file, text('2s').slice(30));
  await inForce(2000);
  assert.match(runtime.metrics(), /heddle_runtime_config_current 1\n/);
  assert.match(runtime.metrics(), /heddle_runtime_config_loads_total\{result="refused"\} 1\n/);
  assert.deepEqual(timeouts, [2000]);
});

test('what says the same in other words is no change', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  const { runtime, inForce, timeouts } = await open(t, { path: file });
  writeFileSync(file, `# a remark\n${text('1000ms')}`);
  while (!runtime.metrics().includes('loads_total{result="accepted"} 2')) await new Promise(setImmediate);
  writeFileSync(file, text('2s'));
  await inForce(2000);
  assert.deepEqual(timeouts, [2000]);
});

test('links anywhere on the way, and folders that are replaced', async t => {
  const root = folder(t);
  for (const name of ['a', 'b']) mkdirSync(path.join(root, name));
  writeFileSync(path.join(root, 'a', 'real.yaml'), text('1s'));
  writeFileSync(path.join(root, 'b', 'real.yaml'), text('2s'));
  symlinkSync('a', path.join(root, 'current'));
  mkdirSync(path.join(root, 'etc'));
  symlinkSync('../current/real.yaml', path.join(root, 'etc', 'config.yaml'));
  const { inForce } = await open(t, { path: path.join(root, 'etc', 'config.yaml') });
  symlinkSync('b', path.join(root, 'next'));
  renameSync(path.join(root, 'next'), path.join(root, 'current'));
  await inForce(2000);
  writeFileSync(path.join(root, 'b', 'real.yaml'), text('3s'));
  await inForce(3000);
  mkdirSync(path.join(root, 'etc2'));
  writeFileSync(path.join(root, 'etc2', 'config.yaml'), text('4s'));
  renameSync(path.join(root, 'etc'), path.join(root, 'etc1'));
  renameSync(path.join(root, 'etc2'), path.join(root, 'etc'));
  await inForce(4000);
});

test('a file that does not exist yet may be waited for', async t => {
  const root = folder(t);
  const file = path.join(root, 'etc', 'smi', 'config.yaml');
  await assert.rejects(Runtime.open({ path: file }, world), { code: 'ConfigUnreadable' });
  const { runtime, inForce } = await open(t, { path: file, optional: true });
  assert.deepEqual([runtime.config.identity, runtime.config.timeout], ['', undefined]);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text('1s'));
  await inForce(1000);
});

test('a wrong file to begin with is refused with all problems', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, 'version: 1\nidentity: web\n');
  for (const optional of [true, false])
    await assert.rejects(Runtime.open({ path: file, optional }, world), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(
        error.message,
        `${file}: identity: must be a SPIFFE ID: spiffe://…; mode: must be a mapping, not absent`,
      );
      return true;
    });
  await assert.rejects(Runtime.open({ path: path.dirname(file) }, world), {
    message: `${path.dirname(file)}: is no file`,
  });
});

test('where the system has no watch left, the file is looked at from time to time', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  const clock = {
    ...systemClock,
    after: (ms: number, then: () => void) => systemClock.after(ms, then, 'holds the process'),
  };
  const { inForce } = await open(t, { path: file }, { watch: noWatch, poll: 5, clock });
  writeFileSync(file, text('2s'));
  await inForce(2000);
});

test('a watch that breaks is made again', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  let broken: ((error: Error) => void) | undefined;
  const watch: RuntimeWorld['watch'] = (place, onEvent) => {
    const watcher = systemWatch(place, onEvent);
    if (broken === undefined)
      broken = error => (watcher as ReturnType<typeof systemWatch> & { emit: Function }).emit('error', error);
    return watcher;
  };
  const { inForce } = await open(t, { path: file }, { watch });
  broken?.(new Error('gone'));
  writeFileSync(file, text('2s'));
  await inForce(2000);
});

test('disposal and abort end all watching', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  let open = 0;
  const watch: RuntimeWorld['watch'] = (place, onEvent) => {
    const watcher = systemWatch(place, onEvent);
    open++;
    const close = (): void => {
      open--;
      watcher.close();
    };
    return Object.assign(Object.create(watcher), { close });
  };
  const disposed = await Runtime.open({ path: file }, { ...world, watch });
  assert.ok(open > 0);
  await disposed[Symbol.asyncDispose]();
  assert.equal(open, 0);
  const abort = new AbortController();
  const runtime = await Runtime.open({ path: file, signal: abort.signal }, { ...world, watch });
  abort.abort();
  await runtime.close();
  assert.equal(open, 0);
  assert.equal(runtime.config.timeout, 1000);
  await assert.rejects(Runtime.open({ path: file, signal: abort.signal }, world), { name: 'AbortError' });
});

test('an error that nobody listens to becomes a warning of the process', async t => {
  const file = path.join(folder(t), 'config.yaml');
  writeFileSync(file, text('1s'));
  const runtime = await Runtime.open({ path: file }, world);
  t.after(() => runtime.close());
  const warned = new Promise<Error & { code?: string }>(done => {
    const listener = (warning: Error): void => {
      if (!warning.message.startsWith(file)) return;
      process.off('warning', listener);
      done(warning);
    };
    process.on('warning', listener);
  });
  writeFileSync(file, 'version: 3\n');
  const { code, message } = await warned;
  assert.deepEqual([code, message], ['ConfigInvalid', `${file}: version: must be 1, not 3`]);
});

test('what a sidecar repeats is not repeated here as well', async t => {
  const file = path.join(folder(t), 'config.yaml');
  const retries = 'retries: {attempts: 3, retryOn: [503]}\n';
  let tries = 0;
  const fetch = () => Promise.resolve(new Response(`${++tries}`, { status: 503 }));
  for (const [sidecar, expected] of [
    ['sidecar: true\n', '1'],
    ['', '4'],
  ] as const) {
    tries = 0;
    writeFileSync(file, text('1m') + retries + sidecar);
    const { runtime } = await open(t, { path: file }, { fetch });
    assert.equal(await (await runtime.fetch('http://reviews/')).text(), expected);
  }
});
