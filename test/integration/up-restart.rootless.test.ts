// A controller that is killed while files are wrong: the one after it has the same in force, and says the same.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

const split = 'policy/split.yaml';
const target = 'policy/bookstore.yaml';
const warehouse = 'bookwarehouse.yaml';

describe('a controller that is killed while files are wrong', () => {
  let place: Place;
  let up: RunningUp;
  let whole: string;

  before(async () => {
    place = await Place.ofBookstore();
    up = new RunningUp(place);
    await up.until(/^Ready after/m);
    whole = await readFile(join(place.manifests, target), 'utf8');
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  async function status(): Promise<MeshStatus | undefined> {
    const { out } = await place.run(['status', '-o', 'json']);
    return out === '' ? undefined : (JSON.parse(out) as MeshStatus);
  }

  /** What a restart must not change: all but since when, which a controller tells from its own start on. */
  async function seen(): Promise<unknown> {
    const { findings, objects, exposed, unready } = await settled('');
    const verdicts = [await place.buy('bookbuyer', 20), await place.buy('bookthief', 1)];
    const status = { findings, objects, exposed, unready };
    const timeless: unknown = JSON.parse(
      JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? '' : value)),
    );
    return { timeless, verdicts, pods: await up.pods() };
  }

  /** The status once every sidecar is up to date, of another controller than that of `since`. */
  async function settled(since: string): Promise<MeshStatus> {
    let last: MeshStatus | undefined;
    const isSettled = async () => {
      last = await status();
      const inSync = last?.sidecars.every(sidecar => sidecar.connected && sidecar.inSync);
      return inSync && last?.since !== since ? last : undefined;
    };
    return await eventually('every sidecar is up to date', isSettled).catch((cause: unknown) => {
      throw new Error(JSON.stringify(last?.sidecars), { cause });
    });
  }

  async function restart(): Promise<void> {
    const since = (await status())?.since ?? '';
    up.killController();
    await settled(since);
  }

  test('changes nothing of what is in force, and says the same findings', async () => {
    await up.after(
      () => place.edit(split, /weight: 90([^]*)weight: 10/, 'weight: 0$1weight: 100'),
      /in force on 2 sidecars/,
    );
    await up.after(() => place.edit(split, 'weight: 100', 'weight: -1'), /error SMI1006 InvalidWeight/);
    await up.after(
      () => writeFile(join(place.manifests, target), whole.slice(0, whole.indexOf('[GET') + 4)),
      /error SMI1001 UnreadableFile/,
    );
    await up.after(() => place.edit(warehouse, '[node, bookwarehouse.js]', '[false]'), /error SMI1004 InvalidField/);
    const expected = await seen();
    const said = up.out;
    for (const time of ['once', 'and once more']) {
      await restart();
      assert.deepEqual(await seen(), expected, time);
    }
    const added = up.out.slice(said.length).split('\n');
    // A port that another mesh has taken meanwhile is another one's.
    assert.deepEqual(added.filter(line => !line.startsWith('metrics ')).join(''), '', 'there is nothing to say');
  });

  test('what is mended then takes force', async () => {
    await up.after(
      () => place.edit(split, /weight: 0([^]*)weight: -1/, 'weight: 100$1weight: 0'),
      /in force on 2 sidecars after \S+ ms: TrafficSplit bookstore\/bookstore\n/,
    );
    assert.deepEqual(await place.buy('bookbuyer', 10), { 'bookstore-v1': 10 });
    await up.after(() => writeFile(join(place.manifests, target), whole), /^mended mesh\/policy\/bookstore\.yaml/m);
    await up.after(() => place.edit(warehouse, '[false]', '[node, bookwarehouse.js]'), /^mended /m);
  });

  test('what was removed does not come back', async () => {
    await up.after(() => rm(join(place.manifests, target)), /in force/);
    const expected = await seen();
    await restart();
    assert.deepEqual(await seen(), expected);
  });
});
