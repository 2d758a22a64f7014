import type { Caller } from '@heddle/mesh';
import { ClientProcess, clientCommand } from '../../packages/control-plane/src/traffic/client-process.ts';
import type { CallOrder, CallReport } from '../../packages/control-plane/src/traffic/order.ts';
import type { LiveMesh } from './live-mesh.ts';

/** A caller that goes on over many calls, in the pod of its name. */
interface Running {
  readonly client: ClientProcess;
  readonly waiting: Map<number, PromiseWithResolvers<CallReport>>;
}

/** The programs that make calls inside pods: started once each, at the first call. */
export class Callers {
  readonly #mesh: LiveMesh;
  readonly #running = new Map<string, Promise<Running>>();
  #id = 0;

  constructor(mesh: LiveMesh) {
    this.#mesh = mesh;
  }

  /** Makes a call from the pod that is named as its service account; rejects where the program there has ended. */
  async call({ namespace, serviceAccount }: Caller, order: Omit<CallOrder, 'id'>): Promise<CallReport> {
    const key = `${namespace}/${serviceAccount}`;
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#start({ namespace, name: serviceAccount });
      this.#running.set(key, running);
    }
    const { client, waiting } = await running;
    const id = this.#id++;
    const report = Promise.withResolvers<CallReport>();
    waiting.set(id, report);
    client.order([{ ...order, id }]);
    return await report.promise;
  }

  /** Ends the programs. */
  async end(): Promise<void> {
    for (const running of this.#running.values()) (await running).client.end();
  }

  async #start(pod: { readonly namespace: string; readonly name: string }): Promise<Running> {
    const client = new ClientProcess(await this.#mesh.exec(pod, clientCommand(process.execPath)));
    const waiting: Running['waiting'] = new Map();
    void listen(client, waiting);
    return { client, waiting };
  }
}

async function listen(client: ClientProcess, waiting: Running['waiting']): Promise<void> {
  for await (const report of client.reports()) {
    waiting.get(report.id)?.resolve(report);
    waiting.delete(report.id);
  }
  const why = new Error(`a caller ended: ${await client.complaint()}`);
  for (const { reject } of waiting.values()) reject(why);
}
