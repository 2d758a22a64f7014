// Faults under load: nothing is ever let through that policy forbids, no call is lost that the fault does not touch, and the
// mesh heals by itself. Recovery times are said, not asserted.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { testEnvoy } from '../local-harness.ts';
import { assertNoneLost, assertNoWrongAllow, FaultMesh, policyFor } from './fault-mesh.ts';
import { ownAuthority } from './own-authority.ts';

const envoy = await testEnvoy();
const kills = 20;

describe('a mesh under load', { skip: envoy === undefined }, () => {
  let mesh: FaultMesh;
  before(async () => {
    mesh = await FaultMesh.start({ args: ['--v', '4'] });
  });
  after(() => mesh.end());

  test(`the controller is killed ${kills} times: no call is lost, and nothing is sent to sidecars that are up to date`, async t => {
    await mesh.untilInSync();
    const sentBefore = sent(mesh).length;
    const recovered: number[] = [];
    const reports = await mesh.underLoad(async () => {
      for (let kill = 0; kill < kills; kill++) {
        const { since } = await mesh.status();
        const start = performance.now();
        mesh.killController();
        // Most are killed again while sidecars are still coming back to them.
        if (kill % 5 < 4) {
          await mesh.until('there is a new controller', status => status.since > since);
          continue;
        }
        await mesh.untilInSync(since);
        recovered.push(performance.now() - start);
      }
    });
    assertNoneLost(reports);
    assert.deepEqual(sent(mesh).slice(sentBefore), []);
    t.diagnostic(`${reports.web.rounds} rounds of 8 calls; in sync again ${said(recovered)}`);
  });

  test('the root is exchanged: no handshake fails, and what it had signed is trusted no more', async t => {
    const { authority: before } = await mesh.status();
    const start = performance.now();
    let seconds = 0;
    const reports = await mesh.underLoad(async () => {
      const { code, out, err } = await mesh.place.run(['rotate-root']);
      assert.equal(code, 0, err);
      assert.match(
        out,
        /^The new root is trusted .*\n.* signs: .*\nThe old root is trusted no more \(5 sidecars\)\.\n$/,
      );
      seconds = (performance.now() - start) / 1000;
    });
    assertNoneLost(reports);
    const { authority } = await mesh.status();
    assert.equal(authority.trusted.length, 1);
    assert.notDeepEqual(authority, before);
    t.diagnostic(`${reports.web.rounds} rounds of 8 calls; three steps in ${seconds.toFixed(1)} s`);
  });

  test('an authority of one’s own, with one between it and its root, takes the place of the root', async () => {
    const { certFile, keyFile, root } = await ownAuthority(mesh.place.directory);
    const reports = await mesh.underLoad(async moreRounds => {
      const { code, err } = await mesh.place.run(['rotate-root', '--ca-cert', certFile, '--ca-key', keyFile]);
      assert.equal(code, 0, err);
      await moreRounds();
    });
    assertNoneLost(reports);
    const { authority } = await mesh.status();
    assert.deepEqual(authority.trusted, [root]);
    assert.notEqual(authority.issuer, root);
    const refused = await mesh.place.run(['rotate-root', '--ca-cert', keyFile, '--ca-key', keyFile]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /no authority to sign with\. There is no certificate in it/);
    assert.doesNotMatch(refused.err + JSON.stringify(mesh.log()), /PRIVATE/);
  });

  test('a controller that is killed after that goes on with the new root', async () => {
    const { authority, since } = await mesh.status();
    const sentBefore = sent(mesh).length;
    mesh.killController();
    const status = await mesh.untilInSync(since);
    assert.deepEqual(status.authority, authority);
    assert.deepEqual(sent(mesh).slice(sentBefore), []);
  });

  test('the Envoy of a destination is killed: calls to others go on, none is let in that may not, and it comes back', async t => {
    const recovered: number[] = [];
    const reports = await mesh.underLoad(async () => {
      for (let kill = 0; kill < 3; kill++) {
        const start = performance.now();
        mesh.killEnvoy('books');
        await mesh.until('its loss is seen', ({ sidecars }) => sidecars.some(({ connected }) => !connected));
        await mesh.untilInSync();
        recovered.push(performance.now() - start);
      }
    });
    assertNoneLost(reports, 'toys');
    assertNoWrongAllow(reports);
    assertNoneLost(await mesh.underLoad(moreRounds => moreRounds()));
    t.diagnostic(`${reports.web.failures.length} calls to it failed; in sync again ${said(recovered)}`);
  });

  test('a file is cut off, mended, and swapped under a symlink: what was in force stays, then what is new is', async () => {
    const reports = await mesh.underLoad(async moreRounds => {
      const whole = policyFor('toys');
      await mesh.write('policy/toys.yaml', `${whole.slice(0, whole.lastIndexOf('rules'))}rules: [{`);
      await mesh.until('the cut is seen', ({ findings }) => findings.some(isUnreadable));
      await mesh.write('policy/toys.yaml', whole);
      await mesh.until('it is mended', ({ findings }) => !findings.some(isUnreadable));
      // As a kubelet updates a ConfigMap: a link to a folder is put in the place of another.
      await mesh.write('policy/..1/books.yaml', policyFor('books'));
      await mesh.write('policy/..2/books.yaml', policyFor('books', '/public|/new'));
      await mesh.link('..1', 'policy/..data');
      await mesh.link('..data/books.yaml', 'policy/books.yaml');
      await moreRounds();
      const { revision } = await mesh.status();
      await mesh.link('..2', 'policy/..data');
      const changed = await mesh.until(
        'the new version is in force',
        status => status.revision > revision && status.lastChange !== null && status.lastChange.revision > revision,
      );
      assert.deepEqual(
        changed.lastChange?.objects.map(({ kind, name }) => `${kind} ${name}`),
        ['HTTPRouteGroup books'],
      );
      await moreRounds();
    });
    assertNoneLost(reports);
  });
});

describe('a mesh whose disk is full', { skip: envoy === undefined || process.getuid?.() !== 0 }, () => {
  let disk: string;
  let mesh: FaultMesh;
  before(async () => {
    disk = await mkdtemp(join(tmpdir(), 'd-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    mesh = await FaultMesh.start({ runtimeDirectory: disk });
  });
  after(async () => {
    await mesh.end();
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  test('policy that is edited is in force, a controller that is killed comes back, and nothing is lost', async t => {
    await mesh.untilInSync();
    let seconds = 0;
    const reports = await mesh.underLoad(async moreRounds => {
      const free = await mesh.fillDisk();
      await edit('/public|/full');
      const { since } = await mesh.status();
      const start = performance.now();
      mesh.killController();
      await mesh.untilInSync(since);
      seconds = (performance.now() - start) / 1000;
      await edit('/public|/still-full');
      await free();
      await edit('/public|/free');
      await moreRounds();
    });
    assertNoneLost(reports);
    t.diagnostic(`${reports.web.rounds} rounds of 8 calls; in sync again after ${seconds.toFixed(1)} s`);
  });

  async function edit(path: string): Promise<void> {
    const { revision } = await mesh.status();
    await mesh.write('policy/books.yaml', policyFor('books', path));
    await mesh.until(`${path} is in force`, ({ lastChange }) => (lastChange?.revision ?? 0) > revision);
  }
});

const isUnreadable = ({ reason }: { readonly reason: string }) => reason === 'UnreadableFile';

/** What the controllers of a mesh sent, as they log it. */
function sent(mesh: FaultMesh): unknown[] {
  return mesh.log().filter(({ message }) => message === 'sent');
}

function said(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b).map(time => `${(time / 1000).toFixed(1)} s`);
  return `after ${sorted[Math.floor(sorted.length / 2)]} (median), ${sorted.at(-1)} at most`;
}
