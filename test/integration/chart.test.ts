/** The chart, by a real Helm: it lints, and what it renders is what `heddle install` applies. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { installation } from '../../packages/control-plane/src/install/installation.ts';
import { readValues } from '../../packages/control-plane/src/install/values.ts';
import { plainObject } from '../../packages/control-plane/src/install/written-object.ts';
import type { KubeObject } from '../../packages/smi/src/object.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const chart = join(root, 'deploy/helm/heddle');

function withoutGo(): string | false {
  try {
    execFileSync('go', ['version']);
    return false;
  } catch {
    return 'Go is not here, from which Helm is built';
  }
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}

function applied(layer: Readonly<Record<string, unknown>>): Map<string, KubeObject> {
  const { values } = readValues([layer]);
  const release = { namespace: 'heddle-system', version: '0.1.0' };
  const made = installation(values, release, { valuesJson: JSON.stringify(values), managedBy: 'Helm' });
  const objects = made
    .filter(({ object, when }) => object.kind !== 'Namespace' && (when === undefined || values[when]))
    .map(({ object }) => JSON.parse(JSON.stringify(plainObject(object))) as KubeObject);
  return new Map(objects.map(object => [keyOf(object), object]));
}

/** What only Helm says of an object is taken off; values are compared as values. */
function comparable(object: KubeObject): unknown {
  const { annotations: _, ...metadata } = object.metadata;
  const plain = {
    ...object,
    metadata: keyOf(object).endsWith('meshconfigs.heddle.dev') ? { ...metadata, labels: {} } : metadata,
  };
  const { data } = object as { data?: Record<string, string> };
  return data === undefined ? plain : { ...plain, data: JSON.parse(data['values.json'] ?? '') as unknown };
}

function assertSame(rendered: Map<string, KubeObject>, wanted: Map<string, KubeObject>): void {
  assert.deepEqual([...rendered.keys()].toSorted(), [...wanted.keys()].toSorted());
  for (const [key, object] of wanted) {
    const found = rendered.get(key);
    assert.deepEqual(found && comparable(found), comparable(object), key);
  }
}

describe('the chart', { skip: withoutGo(), timeout: 1_200_000 }, () => {
  let helm: string;
  before(async () => {
    helm = (await run(join(root, 'scripts/helm/build'))).stdout.trim();
  });

  async function render(...set: readonly string[]): Promise<Map<string, KubeObject>> {
    const argv = [
      'template',
      'heddle',
      chart,
      '--namespace',
      'heddle-system',
      '--include-crds',
      '--kube-version',
      '1.34.0',
    ];
    const { stdout } = await run(helm, [...argv, ...set.flatMap(pair => ['--set', pair])], {
      maxBuffer: 1 << 26,
    });
    // As Kubernetes reads it.
    const objects = parseAllDocuments(stdout, { version: '1.1' }).map(document => document.toJS() as KubeObject | null);
    return new Map(objects.flatMap(object => (object === null ? [] : [[keyOf(object), object] as const])));
  }

  test('it lints', async () => {
    const { stdout } = await run(helm, ['lint', '--strict', chart]);
    assert.match(stdout, /0 chart\(s\) failed/);
  });

  test('by default it renders what heddle install applies', async () => {
    const wanted = applied({});
    for (const object of wanted.values()) {
      const { spec } = object as { spec?: { template?: { spec?: { imagePullSecrets?: unknown } } } };
      // An empty list is none.
      if (spec?.template?.spec?.imagePullSecrets !== undefined) spec.template.spec.imagePullSecrets = null;
    }
    assertSame(await render(), wanted);
  });

  test('and so it does for other values, those of Open Service Mesh included', async () => {
    const rendered = await render(
      'OpenServiceMesh.enablePermissiveTrafficPolicy=true',
      'osm.osmController.replicaCount=4',
      'networkPolicies=true',
      'enablePodDisruptionBudget=false',
      'image.tag=abc',
      'imagePullSecrets[0].name=mine',
    );
    const wanted = applied({
      enablePermissiveTrafficPolicy: true,
      replicaCount: 4,
      networkPolicies: true,
      enablePodDisruptionBudget: false,
      image: { tag: 'abc' },
      imagePullSecrets: [{ name: 'mine' }],
    });
    assertSame(rendered, wanted);
  });

  test('a value that can not be is refused', async () => {
    await assert.rejects(render('replicaCount=0'), /replicaCount/);
    await assert.rejects(render('nonsense=1'), /nonsense/);
  });
});
