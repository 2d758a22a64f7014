import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BootstrapJson } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { createCompiler, defaultSettings, ResourceStore, workloadOf } from '@heddle/mesh';
import { renderStatic } from '../packages/control-plane/src/cli/output/render-envoy.ts';
import { get } from '../packages/control-plane/src/local/node/envoy-admin.ts';
import { findEnvoy } from '../packages/control-plane/src/sidecar/envoy-binary.ts';
import { standardWorld } from './standard-world.ts';

/** What a sidecar that may call every Service takes of memory, before its first call. */
export interface MemoryResult {
  readonly services: number;
  /** Resident, in MB. */
  readonly asItIsMB: number;
  readonly statistics: number;
  readonly withAllStatisticsMB: number;
  readonly allStatistics: number;
  readonly withoutAccessLogMB: number;
}

/** Starts one Envoy after the other with the whole configuration of one workload, with and without parts of it. */
export async function benchMemory(services: number): Promise<MemoryResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hb-'));
  try {
    const bootstrap = await bootstrapOf(services, join(directory, 'admin.sock'));
    const measure = async (variant: object) => await measured(variant, directory);
    const asItIs = await measure(bootstrap);
    const all = await measure({ ...bootstrap, statsConfig: {} });
    const silent = await measure(withoutAccessLog(bootstrap) as object);
    return {
      services,
      asItIsMB: asItIs.megabytes,
      statistics: asItIs.statistics,
      withAllStatisticsMB: all.megabytes,
      allStatistics: all.statistics,
      withoutAccessLogMB: silent.megabytes,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function bootstrapOf(services: number, path: string): Promise<BootstrapJson> {
  const store = new ResourceStore();
  // Where policy is not asked a workload reaches everything.
  store.configure({ ...defaultSettings, policy: 'allow-all' });
  const model = createCompiler()(store.apply({ upserts: standardWorld(services), removals: [] }));
  const workload = workloadOf(model, 'ns-0/svc-0');
  if (workload === undefined) throw new Error('the standard world has no svc-0');
  return { ...(await renderStatic(model, workload)), admin: { address: { pipe: { path } } } };
}

async function measured(bootstrap: object, directory: string): Promise<{ megabytes: number; statistics: number }> {
  const file = join(directory, 'envoy.json');
  const socket = join(directory, 'admin.sock');
  await writeFile(file, JSON.stringify(bootstrap));
  const { HEDDLE_ENVOY: setting, PATH: path = '', XDG_CACHE_HOME: cache, HOME: home = '' } = process.env;
  const envoy = await findEnvoy({ setting, path, cacheDirectory: cache ?? join(home, '.cache') });
  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  const child = spawn(envoy, ['-c', file, ...flags], { stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = once(child, 'exit');
  const signal = AbortSignal.timeout(120_000);
  try {
    while (!(await isLive(socket, signal))) {
      if (child.exitCode !== null) throw new Error('Envoy does not take the configuration');
      await delay(100, undefined, { signal });
    }
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    const { body } = await get(socket, '/stats', signal);
    return {
      megabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
      statistics: body.trimEnd().split('\n').length,
    };
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(socket, { force: true });
  }
}

async function isLive(socket: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await get(socket, '/ready', signal)).status === 200;
  } catch {
    return false; // nobody listens yet
  }
}

function withoutAccessLog(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAccessLog);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'accessLog');
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutAccessLog(each)]));
}
