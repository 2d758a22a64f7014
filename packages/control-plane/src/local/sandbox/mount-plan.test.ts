import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { type HostView, planMounts, type WantedMount } from './mount-plan.ts';

/** A host in memory: directories end in `/`, links are `path -> target`. */
function hostOf(...entries: string[]): HostView {
  const links = new Map<string, string>();
  const paths = new Set(['/']);
  for (const entry of entries) {
    const [path = '', target] = entry.split(' -> ');
    paths.add(path);
    if (target !== undefined) links.set(path, target);
  }
  return {
    kind(path) {
      if (links.has(path)) return 'link';
      if (paths.has(path)) return path === '/' ? 'directory' : 'file';
      return paths.has(`${path}/`) ? 'directory' : 'missing';
    },
    list: path =>
      [...paths]
        .map(entry => entry.replace(/(.)\/$/, '$1'))
        .filter(p => p !== '/' && posix.dirname(p) === path)
        .map(p => posix.basename(p)),
    target: path => links.get(path) ?? '',
  };
}

const places = { root: '/R', mirrors: '/M' };

function plan(host: HostView, ...wanted: WantedMount[]) {
  const { make, table } = planMounts(wanted, host, places);
  return {
    make: make.map(entry =>
      entry.kind === 'link' ? `${entry.path} -> ${entry.target}` : entry.path + (entry.kind === 'directory' ? '/' : ''),
    ),
    table: table.map(line => line.replace(/ none (\S+) 0 0$/, ' $1')),
  };
}

const directory = (at: string): WantedMount => ({ at, source: '/S', kind: 'directory' });
const file = (at: string): WantedMount => ({ at, source: '/S', kind: 'file' });

test('the root is a mirror of the host’s, links included', () => {
  const host = hostOf('/usr/', '/bin -> usr/bin', '/swap');
  assert.deepEqual(plan(host), {
    make: ['/R/usr/', '/R/bin -> usr/bin', '/R/swap'],
    table: ['/R /R bind', '/usr /R/usr rbind,nofail', '/swap /R/swap rbind,nofail'],
  });
});

test('a mount point that the host lacks is made in the pod’s own directories', () => {
  assert.deepEqual(plan(hostOf('/usr/'), directory('/config/deep')), {
    make: ['/R/usr/', '/R/config/', '/R/config/deep/'],
    table: ['/R /R bind', '/usr /R/usr rbind,nofail', '/S /R/config/deep rbind'],
  });
});

test('a mount point that the host has is mounted over, with nothing else changed', () => {
  const host = hostOf('/etc/', '/etc/hosts', '/etc/passwd');
  assert.deepEqual(plan(host, file('/etc/hosts')), {
    make: ['/R/etc/'],
    table: ['/R /R bind', '/etc /R/etc rbind', '/S /R/etc/hosts rbind'],
  });
});

test('the directory that lacks a mount point is mirrored, those around it are not', () => {
  const host = hostOf('/usr/', '/usr/bin/', '/usr/share/', '/usr/share/doc/', '/usr/share/README');
  assert.deepEqual(plan(host, directory('/usr/share/web/html')), {
    make: ['/R/usr/', '/M/1/', '/M/1/doc/', '/M/1/README', '/M/1/web/', '/M/1/web/html/'],
    table: [
      '/R /R bind',
      '/usr /R/usr rbind',
      '/M/1 /R/usr/share bind',
      '/usr/share/doc /R/usr/share/doc rbind,nofail',
      '/usr/share/README /R/usr/share/README rbind,nofail',
      '/S /R/usr/share/web/html rbind',
    ],
  });
});

test('links are followed: a link’s target is mounted over, also where there is none yet', () => {
  const host = hostOf('/etc/', '/etc/resolv.conf -> ../run/resolve/stub', '/run/', '/run/other/');
  assert.deepEqual(plan(host, file('/etc/resolv.conf')).table, [
    '/R /R bind',
    '/etc /R/etc rbind',
    '/run/other /R/run/other rbind,nofail',
    '/S /R/run/resolve/stub rbind',
  ]);
  assert.throws(() => plan(hostOf('/a -> b', '/b -> a'), file('/a')), /loop/);
});

test('a mount inside another one mirrors what that shows', () => {
  const host = hostOf('/V/', '/V/one');
  const outer: WantedMount = { at: '/data', source: '/V', kind: 'directory' };
  assert.deepEqual(plan(host, directory('/data/inner'), outer).table, [
    '/R /R bind',
    '/V /R/V rbind,nofail',
    '/V/one /R/data/one rbind,nofail',
    '/S /R/data/inner rbind',
  ]);
});

test('a file takes the place of a directory', () => {
  const host = hostOf('/etc/', '/etc/app/', '/etc/b');
  assert.deepEqual(plan(host, file('/etc/app')).make, ['/R/etc/', '/R/etc/b', '/R/etc/app']);
});

test('white space in paths is written as fstab has it, read-only mounts say so', () => {
  const mount: WantedMount = { at: '/my config', source: '/S a', kind: 'directory', readOnly: true };
  assert.deepEqual(plan(hostOf(), mount).table, ['/R /R bind', '/S\\040a /R/my\\040config rbind,ro']);
});
