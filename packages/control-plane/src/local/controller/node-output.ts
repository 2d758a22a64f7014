import { defaultSettings, type MeshModel } from '@heddle/mesh';
import { type ApplicationFiles, applicationFiles } from '../../outputs/application-files.ts';
import type { Output, Rendered } from '../../outputs/output.ts';
import { applicationFile } from '../../sidecar/application-file.ts';
import { type Pod, podKey } from '../pod.ts';
import { LatestValue } from './latest-value.ts';
import { type NameTable, namesOf } from './names.ts';
import type { NodeClient } from './node-client.ts';

/** What it takes to tell a node. */
export interface NodeOutputOptions {
  readonly node: Pick<NodeClient, 'putNames' | 'putPods'>;
  /** The pods that it is to run now. */
  readonly pods: () => readonly Pod[];
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** Tells the node of a local mesh which pods to run, what those are told that ask, and what their names resolve to. */
export class NodeOutput implements Output {
  readonly name = 'node';
  readonly #pods: () => readonly Pod[];
  readonly #podList: LatestValue<readonly Pod[]>;
  readonly #nameTable: LatestValue<NameTable>;

  constructor({ node, pods, onTrouble }: NodeOutputOptions) {
    this.#pods = pods;
    this.#podList = new LatestValue(
      value => node.putPods(value),
      error => onTrouble('the node could not be told its pods', error),
    );
    this.#nameTable = new LatestValue(
      value => node.putNames(value),
      error => onTrouble('the node could not be told its names', error),
    );
  }

  render(model: MeshModel): Rendered {
    const names = namesOf(model);
    const asking = new Set(this.#pods().filter(isTold).map(podKey));
    const files = asking.size === 0 ? none : applicationFiles(model, pod => asking.has(pod));
    return {
      findings: [],
      publish: () => {
        this.#nameTable.put(names);
        const pods = withLogLevels(this.#pods(), model);
        this.#podList.put(pods.map(pod => withFile(pod, files.get(podKey(pod)))));
      },
    };
  }

  /** Tells the node its pods without a pass: those of another source than the mesh's. */
  refresh(): void {
    this.#podList.put(this.#pods());
  }

  forget(): void {
    // Remembers nothing of a model.
  }

  /** Sends what is to be told until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#nameTable.run(signal), this.#podList.run(signal)]);
  }
}

const none: ApplicationFiles = new Map();

function isTold({ volumes = [] }: Pod): boolean {
  return volumes.some(({ name }) => name === applicationFile.volume);
}

/** The node brings new content into a pod that runs. */
function withFile(pod: Pod, content: string | undefined): Pod {
  if (content === undefined || !isTold(pod)) return pod;
  const files = { [applicationFile.name]: { data: Buffer.from(content).toString('base64') } };
  const volumes = (pod.volumes ?? []).map(volume =>
    volume.name === applicationFile.volume ? { name: volume.name, files } : volume,
  );
  return { ...pod, volumes };
}

/** Pods whose sidecars write what the mesh says, into their own logs (I4). The same list where all have the usual level. */
function withLogLevels(pods: readonly Pod[], model: MeshModel): readonly Pod[] {
  const usual = defaultSettings.sidecar.logLevel;
  const levels = new Map<string, string>();
  for (const { workloads } of model.namespaces.values()) {
    for (const { namespace, pods: own, modes } of workloads.values()) {
      if (modes.sidecarLogLevel === usual) continue;
      for (const { name } of own) levels.set(podKey({ namespace, name }), modes.sidecarLogLevel);
    }
  }
  if (levels.size === 0) return pods;
  return pods.map(pod => {
    const logLevel = levels.get(podKey(pod));
    return pod.sidecar && logLevel !== undefined ? { ...pod, sidecar: { ...pod.sidecar, logLevel } } : pod;
  });
}
