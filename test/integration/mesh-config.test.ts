// What MeshConfig sets, on real Envoys of one mesh, while it is edited. The manifests stand in `mesh-config`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

/** Makes calls one after the other, and prints what each was answered: status and body. */
const caller = `
const answers = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  const answer = await fetch(process.argv[1]);
  answers.push(answer.status + ' ' + (await answer.text()).trim());
}
console.log(JSON.stringify(answers));`;

describe('MeshConfig', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.of(join(import.meta.dirname, 'mesh-config'));
    up = new RunningUp(place);
    await up.until(/^(Ready|Not ready) after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  async function call(url: string, times = 1): Promise<string[]> {
    const command = [process.execPath, '--input-type=module', '-e', caller, url, String(times)];
    const { code, out, err } = await place.run(['exec', 'client', '--', ...command]);
    assert.equal(code, 0, err);
    return JSON.parse(out) as string[];
  }

  /** Writes another MeshConfig, and waits until sidecars have what it says. */
  async function configure(spec: string): Promise<void> {
    await up.after(() => place.edit('mesh.yaml', /^spec:[^]*/m, `spec: ${spec}\n`), /in force/);
  }

  async function status(): Promise<MeshStatus> {
    return JSON.parse((await place.run(['status', '-o', 'json'])).out) as MeshStatus;
  }

  test('the domains that it says are those of the mesh from its start', async () => {
    const { sidecars, objects } = await status();
    assert.ok(sidecars.some(({ identity }) => identity === 'spiffe://shop.example/ns/shop/sa/client'));
    const config = objects.find(({ kind }) => kind === 'MeshConfig');
    assert.deepEqual([config?.accepted, config?.reasons], [true, []]);
  });

  test('an endpoint of two that fails is left out, the only one of a Service never is', async () => {
    await eventually('only the good one is called', async () =>
      (await call('http://pair/public', 10)).every(answer => answer === '200 good') ? true : undefined,
    );
    assert.deepEqual([...new Set(await call('http://lone/public', 10))], ['503 lone']);
  });

  test('with no failures to count nobody is left out, as soon as it is saved', async () => {
    await configure('{outlierDetection: {consecutiveFailures: 0}}');
    await eventually('both are called', async () =>
      new Set(await call('http://pair/public', 10)).size === 2 ? true : undefined,
    );
  });
});
