// What a pod of the local mesh has of what a cluster would give it, asked from inside. The manifests stand in `manifests`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

describe('pods of heddle up', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.of(join(import.meta.dirname, 'manifests'));
    up = new RunningUp(place);
    await up.until(/^(Ready|Not ready) after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  /** The output of a shell command in a pod. */
  async function inside(pod: string, command: string): Promise<string> {
    const { out, err } = await place.run(['exec', pod, '--', 'sh', '-c', command]);
    return (out + err).trim();
  }

  async function status(): Promise<MeshStatus> {
    return JSON.parse((await place.run(['status', '-o', 'json'])).out) as MeshStatus;
  }

  test('environment, volumes and arguments are as written', async () => {
    const { out } = await place.run(['logs', 'web-1']);
    assert.equal(out, 'hello, hunter2, web-1 on local\n');
    const files = '/etc/settings/page /all/password /all/words/greeting /all/labels';
    assert.equal(await inside('web-1', `for f in ${files}; do cat $f; echo; done`), 'first\nhunter2\nhello\napp="web"');
    assert.match(await inside('web-1', 'touch /etc/settings/new'), /Read-only file system/);
    assert.match(await inside('client', 'ls /scratch'), /No such file/, 'volumes are the pod’s own');
  });

  test('a ConfigMap that changes does so in the running pod', async () => {
    await place.edit('pods.yaml', 'page: first', 'page: second');
    await eventually(
      'the file changes',
      async () => (await inside('web-1', 'cat /etc/settings/page')) === 'second' || undefined,
    );
    assert.equal((await place.run(['logs', 'web-1'])).out.split('\n').length, 2, 'it was not started again');
  });

  test('names resolve as in a cluster', async () => {
    const names = ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'WEB'];
    const ask = names.map(name => `getent ahostsv4 ${name} | head -1 | cut -d ' ' -f 1`).join('; ');
    const addresses = (await inside('client', ask)).split('\n');
    assert.match(addresses[0] ?? '', /^10\./);
    assert.deepEqual(
      addresses,
      names.map(() => addresses[0]),
    );
    assert.equal(await inside('client', 'getent hosts nobody; echo $?'), '2');
  });

  test('calls lead where they should', async () => {
    const answers = await inside(
      'client',
      `node -e "(async () => {
        for (const host of ['web', 'root', 'from-json', 'web:81', 'web:82', '192.0.2.1'])
          console.log(host, await fetch('http://' + host).then(r => r.ok ? r.text() : r.status, e => e.cause.code));
      })()"`,
    );
    assert.match(
      answers,
      /^web web-[01]\nroot web-[01]\nfrom-json web-[01]\nweb:81 web-[01]\nweb:82 403\n192\.0\.2\.1 \w+$/,
    );
    const [door = ''] = [...up.urls.values()];
    assert.deepEqual([...up.urls.keys()], ['shop/web:80', 'shop/web:81']);
    assert.match(await (await fetch(door)).text(), /^web-[01]$/);
  });

  test('a port that is excluded leads past the sidecar, where nobody listens', async () => {
    assert.equal(await inside('client', connect(10)), 'taken', 'by the sidecar');
    assert.notEqual(await inside('client', connect(9)), 'taken');
  });

  test('a container that ends is started again with back-off, one that fails its liveness probe too', async () => {
    await eventually('it was started again and again', async () => {
      const { unready } = await status();
      return (
        unready.some(({ name, state, restarts }) => name === 'crashing' && state === 'failing' && restarts >= 3) ||
        undefined
      );
    });
    await inside('web-0', 'rm /scratch/alive');
    await up.until(/trouble shop\/web-0: its container web was ended since the liveness probe failed/);
    await eventually('it is ready again', async () => {
      const { unready } = await status();
      return !unready.some(({ name }) => name === 'web-0') || undefined;
    });
    assert.equal((await place.run(['logs', 'web-0'])).out.match(/hello/g)?.length, 2);
  });

  test('replicas come and go', async () => {
    await up.after(() => place.edit('pods.yaml', 'replicas: 2', 'replicas: 3'), /^ready shop\/web: 3 pods/m);
    await up.after(() => place.edit('pods.yaml', 'replicas: 3', 'replicas: 1'), /^ready shop\/web: 1 pod\n/m);
    await eventually('the others are gone', async () => {
      const { sidecars } = await status();
      return sidecars.filter(({ workload }) => workload === 'shop/web').length === 1 || undefined;
    });
  });

  test('what is not honoured is said once', () => {
    const said = [
      /pods\.yaml:\d+:\d+ info SMI4011 PodFieldNotHonoured: initContainers is not honoured here: these containers do not run\.\n/g,
      /pods\.yaml:\d+:\d+ info SMI4011 PodFieldNotHonoured: containers\[\]\.resources is not honoured here\.\n/g,
      /PodFieldNotHonoured: Images are not run here: /g,
      /info SMI4010 UnknownObjectKind: 2 objects of kind Widget \(example\.com\/v1\) are left alone/g,
      /error SMI\d+ \w+: The container app has no command, and images are not run here/g,
    ];
    for (const finding of said) assert.equal(up.out.match(finding)?.length, 1, String(finding));
  });

  test('a pod that has run to its end, and one that can’t run, are told apart', async () => {
    const { unready } = await status();
    const states = Object.fromEntries(unready.map(({ name, state }) => [name, state]));
    assert.deepEqual([states['once'], states['image-only']], ['ended', 'refused']);
  });
});

/** A command that says whether somebody takes a connection. */
function connect(port: number): string {
  const program = `require('node:net').connect(${port}, 'web')
    .on('error', error => console.log(error.code))
    .on('connect', () => { console.log('taken'); process.exit(); });`;
  return `node -e "${program}"`;
}
