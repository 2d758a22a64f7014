// The interception rules on a kernel, over IPv4 and IPv6 alike: which port does a connection really reach?
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { toolPath } from '../../packages/control-plane/src/local/host/tools.ts';
import { interceptionRules } from '../../packages/control-plane/src/sidecar/interception.ts';

const run = promisify(execFile);

/** Each listener answers with its port; a call prints what it was answered. */
const server = `
  for (const port of [15001, 15006, 8080, 9090, 53]) {
    require('node:net').createServer(socket => socket.end(String(port))).listen(port, '::');
  }`;
const client = `
  const [host, port] = process.argv.slice(2);
  require('node:net').connect(Number(port), host)
    .on('data', data => process.stdout.write(String(data)))
    .on('error', error => process.stdout.write(error.code))
    .on('close', () => process.stdout.write(' '));`;

/** A pod's namespace with the rules in it, and one beside it that stands for everything else. */
const script = String.raw`
set -eu
dir=$1 node=$2
ip link set lo up
unshare --net sleep 60 & pod=$!
until [ "$(readlink /proc/$pod/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done
in_pod() { nsenter --target "$pod" --net "$@"; }
ip -batch - <<EOF
link add outside type veth peer name eth0 netns $pod
addr add 10.9.0.1/24 dev outside
addr add fd00::1/64 dev outside nodad
link set outside up
EOF
in_pod ip -batch - <<EOF
link set lo up
addr add 10.9.0.2/24 dev eth0
addr add fd00::2/64 dev eth0 nodad
link set eth0 up
route add default via 10.9.0.1
route add default via fd00::1
EOF
export XTABLES_LOCKFILE=$dir/lock
in_pod iptables-restore < "$dir/ipv4"
in_pod ip6tables-restore < "$dir/ipv6"
in_pod "$node" "$dir/server.cjs" & "$node" "$dir/server.cjs" &
for net in pod outside; do
  until [ "$([ $net = pod ] && in_pod ss -Hltn | wc -l || ss -Hltn | wc -l)" -ge 5 ]; do :; done
done
"$node" "$dir/client.cjs" "$3" 8080; "$node" "$dir/client.cjs" "$3" 9090
for call in "$4 8080" "$4 9090" "$4 53" "$5 80" "$3 8080" "$6 8080"; do in_pod "$node" "$dir/client.cjs" $call; done
`;

test('what arrives goes to 15006, what leaves to 15001, exclusions and loopback to neither', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hl-'));
  const rules = interceptionRules({
    sidecar: { mark: 1337 },
    dnsServers: ['10.9.0.1', 'fd00::1'],
    excludeInboundPorts: [9090],
    excludeOutboundPorts: [9090],
  });
  const files = { ...rules, 'server.cjs': server, 'client.cjs': client };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const flags = [...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const families = [
    ['10.9.0.2', '10.9.0.1', '192.0.2.1', '127.0.0.1'],
    ['fd00::2', 'fd00::1', '2001:db8::1', '::1'],
  ] as const;
  for (const addresses of families) {
    const args = [...flags, 'sh', '-c', script, 'sh', dir, process.execPath, ...addresses];
    const { stdout } = await run('unshare', args, { env: { PATH: toolPath(process.env['PATH']) }, timeout: 60_000 });
    const [pod] = addresses;
    assert.equal(stdout.trim(), '15006 9090 15001 9090 53 15001 8080 8080', `calls to and from ${pod}`);
  }
  await rm(dir, { recursive: true });
});
