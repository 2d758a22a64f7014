// What a controller tells machines: /metrics, /healthz and /readyz of a real mesh while its policy is edited.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { Place, RunningUp } from './up-harness.ts';

const split = 'policy/split.yaml';

describe('what heddle up tells machines', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.ofBookstore();
    up = new RunningUp(place);
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
    assert.equal(await metric('heddle_sidecars_in_sync'), 6);
    assert.equal(await metric('heddle_sidecars_connected'), 6);
    assert.equal(await metric('heddle_certificates_issued_total'), 6);
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
});
