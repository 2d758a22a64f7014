// Pods of the local mesh without sidecars: network, names, files, probes, restarts, and what a list of pods changes.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { execInPod } from '../../packages/control-plane/src/local/host/local-node.ts';
import { toolPath } from '../../packages/control-plane/src/local/host/tools.ts';
import { logPath } from '../../packages/control-plane/src/local/node/log-file.ts';
import type { Pod } from '../../packages/control-plane/src/local/pod.ts';
import { echoPod, eventually, ready, startTestNode, type TestNode } from './local-harness.ts';

const run = promisify(execFile);
const base64 = (text: string) => Buffer.from(text).toString('base64');

for (const userNamespace of process.getuid?.() === 0 ? [false, true] : [true]) {
  describe(userNamespace ? 'in a user namespace' : 'as root', { concurrency: false }, () => {
    let node: TestNode;
    before(async () => {
      node = await startTestNode({ userNamespace });
    });
    after(() => node.end());

    test('two pods call each other by every form of a name', async () => {
      const [a, b] = [echoPod('a', '10.244.0.2'), echoPod('b', '10.244.1.3')];
      await node.client.putNames({ 'B.default.svc.cluster.local.': [b.ip] });
      await node.client.putPods([a, b]);
      await node.until(ready(2));
      for (const name of ['b', 'b.default', 'B.Default.SVC', 'b.default.svc.cluster.local', b.ip]) {
        const answer = JSON.parse(await node.exec('a', 'curl', '-sS', `http://${name}:8080/`)) as Record<
          string,
          string
        >;
        assert.equal(answer['pod'], 'b');
        assert.match(answer['from'] ?? '', /10\.244\.0\.2$/);
      }
    });

    test('IPv6 stays within a pod', async () => {
      assert.doesNotMatch(await node.exec('a', 'ip', '-6', 'addr', 'show', 'dev', 'eth0'), /inet6/);
      const answer = await node.exec('a', 'curl', '-sS', '-g', 'http://[::1]:8080/');
      assert.equal((JSON.parse(answer) as Record<string, string>)['pod'], 'a');
    });

    test('unknown names and unknown addresses fail at once', async () => {
      await assert.rejects(node.exec('a', 'curl', '-sS', 'http://nobody:8080/'), /Could not resolve host/);
      await assert.rejects(node.exec('a', 'curl', '-sS', 'http://example.com/'), /Could not resolve host/);
      await assert.rejects(node.exec('a', 'curl', '-sS', '-m', '5', 'http://192.0.2.1/'), /Failed to connect|No route/);
    });

    test('a pod sees neither the run of its node nor the processes of others', async () => {
      assert.equal(await node.exec('a', 'ls', node.runDirectory), '');
      const processes = await node.exec('a', 'sh', '-c', 'cat /proc/[0-9]*/cmdline');
      assert.match(processes, /"a"/);
      assert.doesNotMatch(processes, /"b"/);
      await assert.rejects(node.exec('a', 'umount', node.runDirectory));
      await assert.rejects(node.exec('a', 'ip', 'link', 'set', 'eth0', 'down'));
    });

    test('an unchanged pod is not touched, a changed one is replaced, one that is not listed ends', async () => {
      const before = await node.client.pods();
      await node.client.putPods([echoPod('a', '10.244.0.2'), echoPod('b', '10.244.1.4')]);
      const pods = await node.until(pods => ready(2)(pods) && pods[1]?.ip === '10.244.1.4');
      assert.equal(pods[0]?.pid, before[0]?.pid);
      assert.notEqual(pods[1]?.pid, before[1]?.pid);
      await node.client.putPods([echoPod('c', '10.244.1.4')]);
      const left = await node.until(pods => ready(1)(pods));
      assert.equal(left[0]?.name, 'c');
    });

    test('volumes appear where the host has no such path, and follow their content', async () => {
      await node.client.putPods([podWithFiles('hello')]);
      const [before] = await node.until(ready(1));
      assert.equal(await node.exec('files', 'cat', '/config/greeting', '/config/deep/er'), 'hellodeep');
      assert.equal(await node.exec('files', 'cat', '/etc/heddle test/one'), 'hello');
      assert.equal(await node.exec('files', 'stat', '-Lc', '%a', '/usr/share/heddle-test/secret/key'), '400\n');
      assert.match(await node.exec('files', 'cat', '/etc/passwd'), /^root:/);
      await node.exec('files', 'touch', '/var/scratch/made');
      await assert.rejects(node.exec('files', 'touch', '/config/made'), /Read-only/);
      for (const path of ['/config', '/etc/heddle test', '/usr/share/heddle-test', '/var/scratch']) {
        assert.equal(existsSync(path), false);
      }
      await node.client.putPods([podWithFiles('bye')]);
      await eventually('new content', async () => {
        const seen = await node.exec('files', 'cat', '/config/greeting');
        return seen === 'bye' ? seen : undefined;
      });
      assert.equal((await node.client.pods())[0]?.pid, before?.pid);
    });

    test('a container that crashes is restarted, its output is kept', async () => {
      const script = 'echo "run with $GREETING"; exit 3';
      const crash: Pod = {
        namespace: 'default',
        name: 'crash',
        ip: '10.244.0.6',
        containers: [
          {
            name: 'app',
            command: ['sh', '-c'],
            args: [script],
            env: [
              { name: 'WHO', value: 'you' },
              { name: 'GREETING', value: 'hi $(WHO) $$(WHO)' },
            ],
          },
        ],
      };
      const once: Pod = { ...crash, name: 'once', ip: '10.244.0.7', restartPolicy: 'Never' };
      await node.client.putPods([crash, once]);
      const [crashed, ended] = await node.until(
        pods => (pods[0]?.containers[0]?.restartCount ?? 0) >= 2 && pods[1]?.phase === 'Failed',
      );
      assert.equal(crashed?.containers[0]?.lastExit?.code, 3);
      assert.equal(ended?.containers[0]?.restartCount, 0);
      const log = await readFile(logPath(node.runDirectory, crash, 'app'), 'utf8');
      assert.match(log, /^run with hi you \$\(WHO\)\nrun with hi you/);
    });

    test('readiness follows its probe, a failed liveness probe restarts', async () => {
      const quick = { periodSeconds: 0.05, failureThreshold: 2 };
      const pod: Pod = {
        namespace: 'default',
        name: 'probed',
        ip: '10.244.0.8',
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'state', emptyDir: true }],
        containers: [
          {
            name: 'app',
            command: ['sh', '-c', 'touch /state/alive /state/ready; exec sleep 1000'],
            volumeMounts: [{ name: 'state', mountPath: '/state' }],
            readinessProbe: { exec: { command: ['test', '-e', '/state/ready'] }, ...quick },
            livenessProbe: { exec: { command: ['test', '-e', '/state/alive'] }, ...quick },
          },
        ],
      };
      await node.client.putPods([pod]);
      await node.until(ready(1));
      await node.exec('probed', 'rm', '/state/ready');
      // On a machine that is busy the first probes may come before the application's first line.
      const [before] = await node.until(pods => !ready(1)(pods));
      const restarts = before?.containers[0]?.restartCount ?? 0;
      await node.exec('probed', 'rm', '/state/alive');
      const [restarted] = await node.until(
        pods => ready(1)(pods) && (pods[0]?.containers[0]?.restartCount ?? 0) > restarts,
      );
      assert.equal(restarted?.containers[0]?.lastExit?.reason, 'the liveness probe failed');
      assert.equal(restarted?.containers[0]?.lastExit?.signal, 'SIGTERM');
    });

    test('a pod whose init is killed comes back', async () => {
      const [before] = await node.client.pods();
      assert.ok(before?.pid);
      const inNode = (await execInPod(node.runDirectory, before, [])).command;
      const [program = '', ...args] = inNode.slice(0, inNode.lastIndexOf('nsenter'));
      await run(program, [...args, 'kill', '-9', String(before.pid)], { env: { PATH: toolPath(undefined) } });
      const [after] = await node.until(pods => ready(1)(pods) && pods[0]?.pid !== before.pid);
      assert.equal(after?.message, undefined);
    });

    test('a pod ends although a command in it lost its terminal', async () => {
      const [status] = await node.client.pods();
      assert.ok(status);
      const { command, path } = await execInPod(node.runDirectory, status, ['sh', '-c', 'echo on; exec sleep 1000']);
      const [program = '', ...args] = command;
      const stdio = ['ignore', 'pipe', 'inherit'] as const;
      const child = spawn(program, args, { env: { PATH: path }, detached: true, stdio: [...stdio] });
      await once(child.stdout, 'data');
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      const start = performance.now();
      await node.client.putPods([echoPod('last', '10.244.0.9')]);
      await node.until(pods => ready(1)(pods) && pods[0]?.name === 'last');
      assert.ok(performance.now() - start < 5000);
    });

    test('a list that can not be run is refused whole', async () => {
      const twice = [echoPod('a', '10.244.0.2'), echoPod('b', '10.244.0.2')];
      await assert.rejects(node.client.putPods(twice), /default\/a and default\/b share the address 10\.244\.0\.2/);
      assert.equal((await node.client.pods())[0]?.name, 'last');
    });
  });
}

function podWithFiles(text: string): Pod {
  const pod = echoPod('files', '10.244.0.5');
  const volumeMounts = [
    { name: 'config', mountPath: '/config' },
    { name: 'config', mountPath: '/etc/heddle test/one', subPath: 'greeting' },
    { name: 'secret', mountPath: '/usr/share/heddle-test/secret' },
    { name: 'scratch', mountPath: '/var/scratch' },
  ];
  return {
    ...pod,
    volumes: [
      { name: 'config', files: { greeting: { data: base64(text) }, 'deep/er': { data: base64('deep') } } },
      { name: 'secret', files: { key: { data: base64('hush'), mode: 0o400 } } },
      { name: 'scratch', emptyDir: true },
    ],
    containers: pod.containers.map(container => ({ ...container, volumeMounts })),
  };
}
