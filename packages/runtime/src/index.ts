import { systemClock } from './clock.ts';
import { systemWatch } from './place-watchers.ts';
import { Runtime, type RuntimeOptions } from './runtime.ts';

export * from './config.ts';
export { ConfigError, type ConfigProblem } from './config-error.ts';
export { metricsContentType } from './counters.ts';
export { parseDuration } from './duration.ts';
export { type Fetch, idempotentMethods } from './mesh-fetch.ts';
export type {
  ExpressMiddleware,
  FastifyInstance,
  FastifyPlugin,
  IncomingRequest,
  MeshTag,
  MiddlewareOptions,
  OutgoingResponse,
  Tagged,
} from './middleware.ts';
export { type ParsedConfig, parseConfig } from './parse-config.ts';
export { tracingHeaders } from './propagation.ts';
export type { BudgetOptions } from './retry-budget.ts';
export type { Runtime, RuntimeEvents, RuntimeOptions } from './runtime.ts';

/** Where the mesh puts the file, unless `SMI_CONFIG_PATH` names another place. */
export const defaultConfigPath = '/etc/smi/config.yaml';

/**
 * Makes this process part of the mesh: reads the configuration, keeps it current, and gives what is done by it. Rejects with a
 * `ConfigError` where there is none, or a wrong one, to begin with; after that the last good one stays in force.
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const path = options.path ?? (process.env['SMI_CONFIG_PATH'] || defaultConfigPath);
  const world = {
    clock: systemClock,
    random: Math.random,
    // Looked up with each call: tests and tracers put their own in its place.
    fetch: (...call: Parameters<typeof fetch>) => globalThis.fetch(...call),
    watch: systemWatch,
    poll: 1000,
  };
  return await Runtime.open({ ...options, path }, world);
}
