import type { MeshModel } from '@heddle/mesh';
import type { Output, Rendered } from '../../outputs/output.ts';
import type { Pod } from '../pod.ts';
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

/** Tells the node of a local mesh which pods to run and what their names resolve to. */
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
    return {
      findings: [],
      publish: () => {
        this.#nameTable.put(names);
        this.#podList.put(this.#pods());
      },
    };
  }

  forget(): void {
    // Remembers nothing of a model.
  }

  /** Sends what is to be told until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#nameTable.run(signal), this.#podList.run(signal)]);
  }
}
