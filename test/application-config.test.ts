/** What the control plane writes for applications is what @heddle/runtime reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationConfig } from '@heddle/mesh';
import { parseConfig, parseDuration } from '@heddle/runtime';
import { applicationFileContent } from '../packages/control-plane/src/outputs/application-files.ts';
import { loadScenarios } from './scenarios/load-scenarios.ts';

const scenarios = loadScenarios().filter(({ name }) => /^(profile|split|access)\//.test(name));

test('every file that is written is read, and says the same', () => {
  let routes = 0;
  for (const { name, mesh } of scenarios) {
    for (const { workloads } of mesh.model.namespaces.values()) {
      for (const workload of workloads.values()) {
        const written = applicationConfig(mesh.model, workload);
        const read = parseConfig(applicationFileContent(written));
        if ('problems' in read) assert.fail(`${name}: ${JSON.stringify(read.problems)}`);
        assert.equal(read.config.identity, workload.identity);
        assert.equal(read.config.sidecar, true);
        assert.deepEqual(
          read.config.routes.map(({ timeout, retries, ...route }) => [
            route.name,
            route.service,
            timeout,
            retries?.attempts,
          ]),
          written.routes.map(route => [
            route.name,
            route.service,
            route.timeout === undefined ? undefined : parseDuration(route.timeout),
            route.retries?.attempts,
          ]),
        );
        routes += read.config.routes.length;
      }
    }
  }
  assert.ok(routes > 100);
});
