// What a mesh tells of itself while its policy is edited: /metrics, /healthz and /readyz, heddle diagnose, the controller's log.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

const split = 'policy/split.yaml';

/** The library behind `promtool check metrics`; built once, and absent where Go is. */
function findPromlint(): string | undefined {
  const built = spawnSync(join(import.meta.dirname, '../../scripts/promlint/build'), { encoding: 'utf8' });
  const withoutGo = 3;
  assert.ok(built.status === 0 || built.status === withoutGo, built.stderr);
  return built.status === 0 ? built.stdout.trim() : undefined;
}

const promlint = findPromlint();

/** A port that only a service account that nobody has may open, on a Service that bookstore-v1 may call on another. */
const closedPort = `apiVersion: v1
kind: Service
metadata: {name: bytes, namespace: bookwarehouse}
spec:
  selector: {app: bookwarehouse}
  ports: [{port: 14500, targetPort: 14500, appProtocol: tcp}]
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: bytes, namespace: bookwarehouse}
spec:
  destination: {kind: ServiceAccount, name: bookwarehouse}
  sources: [{kind: ServiceAccount, name: nobody, namespace: bookwarehouse}]
  rules: [{kind: TCPRoute, name: bytes}]
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: bytes, namespace: bookwarehouse}
spec: {matches: {name: bytes, ports: [14500]}}
`;

describe('what a mesh tells of itself', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.ofBookstore();
    up = new RunningUp(place, ['--v', '4']);
    await up.until(/^Ready after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  /** The value of one row; 0 where there is none. */
  async function metric(row: string): Promise<number> {
    const text = await (await fetch(up.metrics)).text();
    const line = text.split('\n').find(candidate => candidate.startsWith(`${row} `));
    return Number(line?.slice(row.length + 1) ?? 0);
  }

  const applied = () => metric('smi_policy_applied_total{kind="TrafficSplit",namespace="bookstore"}');
  const rejectedNow = () =>
    metric('smi_policy_rejected_count{kind="TrafficSplit",namespace="bookstore",code="SMI1006"}');
  const rejectedEver = () =>
    metric('smi_policy_rejected_total{kind="TrafficSplit",namespace="bookstore",code="SMI1006"}');

  test('the address is in the table and in the status, and answers', async () => {
    const { out } = await place.run(['status', '-o', 'json']);
    assert.equal((JSON.parse(out) as MeshStatus).metrics, up.metrics);
    const response = await fetch(up.metrics);
    assert.deepEqual(
      [response.status, response.headers.get('content-type')],
      [200, 'text/plain; version=0.0.4; charset=utf-8'],
    );
    for (const path of ['healthz', 'readyz']) {
      assert.equal(await (await fetch(new URL(path, up.metrics))).text(), 'ok\n');
    }
    assert.equal((await fetch(new URL('other', up.metrics))).status, 404);
    assert.equal((await fetch(up.metrics, { method: 'POST' })).status, 405);
  });

  test('what there is at the start has been applied once', async () => {
    assert.equal(await applied(), 1);
    assert.equal(await metric('smi_policy_applied_total{kind="TrafficTarget",namespace="bookstore"}'), 4);
    assert.equal(await metric('smi_traffic_target_active{namespace="bookstore"}'), 4);
    assert.equal(await metric('heddle_sidecars_in_sync'), 9);
    assert.equal(await metric('heddle_sidecars_connected'), 9);
    assert.equal(await metric('heddle_certificates_issued_total'), 8);
    assert.ok((await metric('heddle_xds_pushes_total{type="Cluster"}')) >= 6);
    assert.equal(await metric('heddle_propagation_seconds_count'), 0, 'nobody has changed anything');
  });

  test('an edit is applied once, when the last sidecar has it', async () => {
    await up.after(
      () => place.edit(split, /weight: 90([^]*)weight: 10/, 'weight: 50$1weight: 50'),
      /in force on 2 sidecars/,
    );
    assert.equal(await applied(), 2);
    assert.equal(await metric('heddle_propagation_seconds_count'), 1);
  });

  test('an edit of nothing but a comment is no edit', async () => {
    await up.after(() => place.edit(split, /^/, '# as good as before\nnonsense: [\n---\n'), /SMI1001 UnreadableFile/);
    await up.after(() => place.edit(split, /nonsense: \[\n---\n/, ''), /^mended /m);
    assert.equal(await applied(), 2);
  });

  test('an edit that is refused counts as rejected until it is mended, which is applied', async () => {
    await up.after(() => place.edit(split, /weight: 50/, 'weight: -1'), /SMI1006 InvalidWeight/);
    assert.deepEqual([await rejectedNow(), await rejectedEver(), await applied()], [1, 1, 2]);
    assert.equal(await metric('heddle_findings{code="SMI1006",severity="error"}'), 1);
    await up.after(() => place.edit(split, /weight: -1/, 'weight: 20'), /in force on 2 sidecars/);
    assert.deepEqual([await rejectedNow(), await rejectedEver(), await applied()], [0, 1, 3]);
  });

  test('diagnose tells what a mesh that is well lacks: nothing', async () => {
    const { code, out, err } = await place.run(['diagnose']);
    assert.equal(code, 0, out + err);
    assert.match(out, /^ok {3}Is every sidecar connected and in sync\? 9 of 9 sidecars in sync\.$/m);
    const call = ['--from', 'bookthief/bookthief', '--to', 'bookstore.bookstore', '--path', '/buy-a-book'];
    const denied = await place.run(['diagnose', ...call]);
    assert.equal(denied.code, 1, denied.err);
    assert.match(denied.out, /^FAIL Does policy let the call through\? NoTrafficTarget: /m);
  });

  test('a caller whose handshake is refused is told by name, with the alert', async () => {
    const bytes = 'bytes.yaml';
    await up.after(
      () => writeFile(join(place.manifests, bytes), closedPort),
      /in force.*TrafficTarget bookwarehouse\/bytes/,
    );
    const connect = `
      const socket = require('node:net').connect(14500, 'bytes.bookwarehouse');
      socket.on('connect', () => socket.write('hello')).on('error', () => {}).on('close', () => process.exit(0)).resume();`;
    await place.run(['exec', 'bookstore/bookstore-v1', '--', process.execPath, '-e', connect]);
    const steps = await eventually('the sidecar has logged it', async () => {
      const { out } = await place.run(['diagnose', '-o', 'json']);
      const { steps: all } = JSON.parse(out) as {
        steps: { step: string; outcome: string; items: { what: string }[] }[];
      };
      const handshakes = all.find(({ step }) => step === 'handshakes');
      return handshakes !== undefined && handshakes.items.length > 0 ? handshakes : undefined;
    });
    assert.equal(steps.outcome, 'note', 'it is policy at work');
    assert.match(
      steps.items[0]?.what ?? '',
      /^spiffe:\/\/cluster\.local\/ns\/bookstore\/sa\/bookstore-v1 \(10\.\S+\) to bookwarehouse\/bookwarehouse-0:14500, .*alert certificate_unknown/,
    );
    const { out: log } = await place.run(['logs', 'bookwarehouse', '--sidecar']);
    assert.match(log, /"event":"handshake failed"/);
    await up.after(() => rm(join(place.manifests, bytes)), /TrafficTarget bookwarehouse\/bytes \(removed\)/);
  });

  test('what the controller owes its log is there once, with object and hint', async () => {
    await up.after(
      () => place.edit(split, /service: bookstore-v[12]/g, 'service: nowhere'),
      /SMI2003 NoMatchingBackends/,
    );
    await up.after(
      () => place.edit(split, /service: nowhere/, 'service: bookstore-v1'),
      /^mended .*NoMatchingBackends/m,
    );
    const { out } = await place.run(['logs', '--controller']);
    const [only, ...others] = out.split('\n').filter(line => line.includes('"no matching backends"'));
    assert.deepEqual(others, []);
    const { message, object, hint } = JSON.parse(only ?? '') as Record<string, unknown>;
    assert.equal(message, 'no matching backends');
    assert.deepEqual((object as { kind: string }).kind, 'TrafficSplit');
    assert.match(String(hint), /Create|Name/);
  });

  test('--v 4 shows every delivery of a source and every exchange with a sidecar', async () => {
    const { out } = await place.run(['logs', '--controller']);
    const messages = out.split('\n').flatMap(line => /"message":"([^"]*)"/.exec(line)?.[1] ?? []);
    for (const message of ['a source delivered', 'a sidecar connected', 'sent', 'acknowledged', 'published'])
      assert.ok(messages.includes(message), message);
    const sent = messages.filter(message => message === 'sent').length;
    const pushes = [...(await (await fetch(up.metrics)).text()).matchAll(/^heddle_xds_pushes_total\{.*\} (\d+)$/gm)];
    assert.equal(
      pushes.reduce((sum, [, value]) => sum + Number(value), 0),
      sent,
      'what is counted is what is logged',
    );
  });

  test('a new target is active once it is in force, and applied at once where it concerns no sidecar', async () => {
    const targets = 'smi_policy_applied_total{kind="TrafficTarget",namespace="bookstore"}';
    const nobody = `
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: to-nobody, namespace: bookstore}
spec:
  destination: {kind: ServiceAccount, name: nobody}
  sources: [{kind: ServiceAccount, name: bookbuyer, namespace: bookbuyer}]
  rules: [{kind: HTTPRouteGroup, name: books}]
---
`;
    await up.after(() => place.edit(split, /^/, nobody.slice(1)), /in force.*to-nobody/);
    assert.equal(await metric(targets), 5);
    assert.equal(await metric('smi_traffic_target_active{namespace="bookstore"}'), 5);
    await up.after(() => place.edit(split, nobody.slice(1), ''), /to-nobody \(removed\)/);
    assert.equal(await metric('smi_traffic_target_active{namespace="bookstore"}'), 4);
    assert.equal(await metric(targets), 5);
  });

  test('promtool has nothing to say but on the one name that is given', {
    skip: promlint === undefined ? 'there is no Go to build promlint with' : false,
  }, async () => {
    const input = await (await fetch(up.metrics)).text();
    const { stdout, stderr } = spawnSync(promlint ?? '', { input, encoding: 'utf8' });
    assert.equal(
      `${stdout}${stderr}`,
      'smi_policy_rejected_count non-histogram and non-summary metrics should not have "_count" suffix\n',
    );
  });
});
