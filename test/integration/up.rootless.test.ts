// `heddle up`, as a user has it: the example on real Envoys, edited while it runs, looked into, killed, ended.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

const split = 'policy/split.yaml';

describe('heddle up examples/bookstore', () => {
  const links = Object.keys(networkInterfaces());
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.ofBookstore();
    up = new RunningUp(place);
    await up.until(/^Ready after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGKILL');
    await place.remove();
  });

  /** Waits for the program itself, which keeps its connections, to see the like. */
  async function lastAttempt(wanted: RegExp): Promise<void> {
    const counts = new URL('counts', up.urls.get('bookthief/bookthief'));
    await eventually(`bookthief sees ${String(wanted)}`, async () => {
      const { tally } = (await (await fetch(counts)).json()) as { tally: { recent: string[] } };
      return wanted.test(tally.recent.at(-1) ?? '') || undefined;
    });
  }

  /** Sidecars reconnect when they see fit, within some seconds. */
  async function wellAgain(): Promise<void> {
    let last = '';
    const isWell = async () => {
      const { code, out, err } = await place.run(['status']);
      last = out + err;
      return code === 0 || undefined;
    };
    await eventually('everything is in sync again', isWell).catch((cause: unknown) => {
      throw new Error(last, { cause });
    });
  }

  function runBase(): string {
    return join(place.directory, `heddle-${process.getuid?.()}`);
  }

  test('prints the table and the URLs that the README shows', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
    const [, shown = ''] = /```\n(WORKLOAD[^`]*?)\n\nReady/.exec(readme) ?? [];
    const printed = up.out.slice(up.out.indexOf('WORKLOAD'), up.out.indexOf('\n\nReady'));
    assert.equal(anyPort(printed), anyPort(shown));
  });

  test('the front door shows the pages', async () => {
    assert.equal(up.urls.size, 5);
    for (const [service, url] of up.urls) {
      const page = await fetch(url);
      assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'], service);
      const counts = (await (await fetch(new URL('counts', url))).json()) as { name: string };
      assert.equal(counts.name, service.slice(service.indexOf('/') + 1));
    }
    const other = await fetch(new URL('buy-a-book', up.urls.get('bookstore/bookstore-v1')));
    assert.equal(other.status, 403, 'it is let in to what its TrafficTarget names, and to nothing else');
  });

  test('bookbuyer is told its route by the mesh', async () => {
    const counts = new URL('counts', up.urls.get('bookbuyer/bookbuyer'));
    await eventually('bookbuyer knows its route', async () => {
      const { facts } = (await (await fetch(counts)).json()) as { facts: [string, string][] };
      return facts.some(([name, value]) => name === 'Route' && value === 'buy-a-book, within 2 s') || undefined;
    });
  });

  test('bookthief is refused until a TrafficTarget lets it in, and again without', async () => {
    assert.deepEqual(await place.buy('bookthief'), { 403: 1 });
    const policy = join(place.manifests, 'policy/bookthief.yaml');
    await up.after(
      () => cp(`${policy}.off`, policy),
      /in force on 3 sidecars after \S+ ms: TrafficTarget bookstore\/bookthief-at-v1/,
    );
    assert.equal((await place.buy('bookthief'))['403'], undefined);
    await lastAttempt(/^bookstore-v/);
    await up.after(() => rm(policy), /in force .*bookthief-at-v1 \(removed\)/);
    assert.deepEqual(await place.buy('bookthief'), { 403: 1 });
    await lastAttempt(/^refused: 403$/);
  });

  test('a weight that is saved is in force', async () => {
    await up.after(
      () => place.edit(split, /weight: 90([^]*)weight: 10/, 'weight: 0$1weight: 100'),
      /in force on 2 sidecars after \S+ ms: TrafficSplit bookstore\/bookstore\n/,
    );
    assert.deepEqual(await place.buy('bookbuyer', 20), { 'bookstore-v2': 20 });
  });

  test('a file that is cut off changes nothing, and its finding goes with the rest of the text', async () => {
    const file = join(place.manifests, 'policy/bookstore.yaml');
    const whole = await readFile(file, 'utf8');
    const cut = whole.slice(0, whole.indexOf('[GET') + 4);
    const said = await up.after(
      () => writeFile(file, cut),
      /^mesh\/policy\/bookstore\.yaml:\d+:\d+ error SMI1001 UnreadableFile: .*\n/m,
    );
    assert.doesNotMatch(said, /in force/);
    assert.deepEqual(await place.buy('bookbuyer'), { 'bookstore-v2': 1 });
    const mended = await up.after(() => writeFile(file, whole), /^mended mesh\/policy\/bookstore\.yaml:\d+:\d+ /m);
    assert.doesNotMatch(mended, /in force/, 'it is what was in force all along');
  });

  test('an edit that is refused changes nothing, and is said with place and mend', async () => {
    const line = (await readFile(join(place.manifests, split), 'utf8')).split('\n').indexOf('      weight: 100') + 1;
    await up.after(
      () => place.edit(split, 'weight: 100', 'weight: -1'),
      new RegExp(`^mesh/policy/split\\.yaml:${line}:7 error SMI1006 InvalidWeight: weight must be .*\\n`, 'm'),
    );
    assert.deepEqual(await place.buy('bookbuyer', 20), { 'bookstore-v2': 20 });
    const { code, out } = await place.run(['status']);
    assert.equal(code, 1);
    assert.match(out, /^TrafficSplit bookstore\/bookstore +no +yes +no +2 of 2 +\d+s +InvalidWeight$/m);
    await up.after(
      () => place.edit(split, 'weight: -1', 'weight: 100'),
      /^mended mesh\/policy\/split\.yaml:.*InvalidWeight/m,
    );
  });

  test('a pod outlives an edit that can’t run', async () => {
    const before = await up.pods();
    await up.after(
      () => place.edit('bookwarehouse.yaml', '[node, bookwarehouse.js]', '[false]'),
      /bookwarehouse\.yaml:\d+:\d+ error SMI1004 InvalidField/,
    );
    assert.deepEqual(await up.pods(), before);
    await up.after(() => place.edit('bookwarehouse.yaml', '[false]', '[node, bookwarehouse.js]'), /^mended /m);
    assert.deepEqual(await up.pods(), before);
  });

  test('a controller that is killed is started again; pods and traffic go on', async () => {
    const before = await up.pods();
    up.killController();
    assert.deepEqual(await place.buy('bookbuyer', 5), { 'bookstore-v2': 5 });
    await eventually('the controller is said to be back', () => /was killed by SIGKILL/.test(up.err) || undefined);
    await wellAgain();
    await up.after(
      () => place.edit(split, /weight: 0([^]*)weight: 100/, 'weight: 100$1weight: 0'),
      /in force on 2 sidecars after \S+ ms: TrafficSplit bookstore\/bookstore\n/,
    );
    assert.deepEqual(await place.buy('bookbuyer', 5), { 'bookstore-v1': 5 });
    assert.deepEqual(await up.pods(), before);
  });

  test('status tells of every workload, sidecar and object', async () => {
    const { code, out } = await place.run(['status', '-o', 'json']);
    const status = JSON.parse(out) as MeshStatus;
    assert.equal(code, 0, out);
    assert.equal(status.workloads.length, 8);
    assert.ok(status.sidecars.every(({ connected, inSync }) => connected && inSync));
    const programmed = status.objects.find(({ kind }) => kind === 'TrafficSplit')?.programmed;
    assert.deepEqual(programmed, { acknowledged: 2, concerned: 2 });
    assert.deepEqual(status.unready, []);
  });

  test('logs and exec', async () => {
    const [logs, sidecar, controller] = await Promise.all([
      place.run(['logs', 'bookbuyer']),
      place.run(['logs', 'bookbuyer', '--sidecar']),
      place.run(['logs', '--controller']),
    ]);
    assert.match(logs.out, /bookstore-v2/);
    assert.deepEqual([logs.code, sidecar.code, controller.code], [0, 0, 0]);
    const [ended, missing] = await Promise.all([
      place.run(['exec', 'bookstore/bookstore-v1', '--', 'sh', '-c', 'exit 7']),
      place.run(['exec', 'bookbuyr', '--', 'true']),
    ]);
    assert.equal(ended.code, 7);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /Did you mean bookbuyer\?/);
  });

  test('Ctrl-C leaves nothing behind', async () => {
    const processes = processesWith([place.directory]);
    assert.ok(processes.length >= 3, `processes of the run: ${processes.length}`);
    assert.equal(await up.end('SIGINT'), 0);
    assert.deepEqual(processesWith([place.directory]), []);
    assert.equal(existsSync(runBase()), false);
    assert.deepEqual(Object.keys(networkInterfaces()), links);
    assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts);
  });
});

describe('heddle up, ended while it starts', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    test(`${signal} leaves nothing behind`, async () => {
      const place = await Place.ofBookstore();
      const up = new RunningUp(place);
      const run = join(place.directory, `heddle-${process.getuid?.()}`);
      await eventually(
        'there is a run directory',
        () => existsSync(join(run, String(up.child.pid), 'owner')) || undefined,
      );
      assert.equal(await up.end(signal), signal === 'SIGKILL' ? null : 0);
      await eventually('all processes end', () => (processesWith([place.directory]).length === 0 ? true : undefined));
      if (signal !== 'SIGKILL') assert.equal(existsSync(run), false);
      await place.remove();
    });
  }
});

describe('heddle up --check', () => {
  test('two at once: one that sees what it expects, one that does not', async () => {
    const [fine, other] = await Promise.all([Place.ofBookstore(), Place.ofBookstore()]);
    await other.edit('traffic.yaml', /(name: bookthief is refused\n[^]*?verdict: )deny\n +status: 403/, '$1allow');
    const [good, bad] = await Promise.all([
      fine.run(['up', 'mesh', '--check']),
      other.run(['up', 'mesh', '--check', '-o', 'json']),
    ]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.err, /^19 calls, 19 ok, 0 failed$/m);
    assert.doesNotMatch(good.out, /FAIL/);
    assert.equal(bad.code, 1, bad.err);
    const results = JSON.parse(bad.out) as { name: string; ok: boolean; seen: string; message: string; file: string }[];
    const failed = results.filter(({ ok }) => !ok);
    assert.deepEqual(
      failed.map(({ name, seen, file }) => [name, seen, file]),
      [['bookthief is refused', 'deny 403', 'mesh/traffic.yaml']],
    );
    assert.match(failed[0]?.message ?? '', /^verdict allow, not deny.*No TrafficTarget lets/);
    await Promise.all([fine.remove(), other.remove()]);
  });
});

describe('what heddle up can’t run', () => {
  let place: Place;
  before(async () => {
    place = await Place.ofBookstore();
  });
  after(() => place.remove());

  const cases: [string, string[], Record<string, string>, number, RegExp][] = [
    ['no such folder', ['nowhere'], {}, 2, /^error: There is no folder nowhere\.$/m],
    ['a file', ['mesh/traffic.yaml'], {}, 2, /is not a folder/],
    ['a folder without manifests', ['mesh/app'], {}, 2, /holds no manifests/],
    ['a check without Traffic', ['mesh/policy', '--check'], {}, 2, /no object of kind Traffic/],
    ['no Envoy', ['mesh'], { HEDDLE_ENVOY: '/nowhere/envoy' }, 3, /is not an executable file/],
  ];
  for (const [what, args, environment, expected, message] of cases) {
    test(what, async () => {
      const { code, err } = await place.run(['up', ...args], environment);
      assert.equal(code, expected, err);
      assert.match(err, message);
    });
  }

  test('where namespaces are not permitted, one sentence tells what to allow', async () => {
    const tools = join(place.directory, 'tools');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(tools);
    const refusing = '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n';
    await writeFile(join(tools, 'unshare'), refusing, { mode: 0o755 });
    const { code, err } = await place.run(['up', 'mesh'], { PATH: `${tools}:${process.env['PATH']}` });
    assert.equal(code, 3);
    assert.match(err, /^error: (User namespaces|Namespaces) are not permitted here.*\n$/);
    assert.equal(existsSync(join(place.directory, `heddle-${process.getuid?.()}`)), false);
  });
});

function anyPort(text: string): string {
  return text.replace(/:\d+\//g, ':PORT/');
}

/** Processes that have all these words in their command line or their environment, but not this one’s children of tests. */
function processesWith(words: readonly string[]): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0 && words.every(word => spokenOf(pid).includes(word)));
}

function spokenOf(pid: number): string {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) === '') return '';
    return ['cmdline', 'environ'].map(file => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('\0');
  } catch {
    return ''; // ended, or not ours to look at
  }
}
