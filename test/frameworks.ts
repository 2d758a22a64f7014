// As much of Express and Fastify, over node:http, as an application's middleware meets: mounts that shorten the URL, hooks
// before and after the body is read, and plugins with and without a scope of their own.
import { AsyncResource } from 'node:async_hooks';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FastifyInstance, FastifyPlugin, MeshTag, Tagged } from '../packages/runtime/src/index.ts';

interface ExpressRequest extends IncomingMessage, Tagged {
  originalUrl?: string;
}

interface ExpressResponse extends ServerResponse {
  type(value: string): ExpressResponse;
  send(body: string): unknown;
}

type ExpressHandler = (request: ExpressRequest, response: ExpressResponse, next: () => void) => unknown;

/** Events of a socket happen outside of every request's context. */
const outside = new AsyncResource('socket');

/** The servers that were started, in order; they listen on free ports of loopback, whatever the port that was asked for. */
export const listening: Server[] = [];

interface Layer {
  readonly mount: string;
  readonly method: string | undefined;
  readonly handler: ExpressHandler;
}

/** An application of the shape of Express 5. */
export class ExpressLike {
  readonly #layers: Layer[] = [];

  use(...args: [ExpressHandler] | [string, ExpressHandler]): void {
    const [mount, handler] = args.length === 1 ? ['', args[0]] : args;
    this.#layers.push({ mount, method: undefined, handler });
  }

  get(path: string, handler: ExpressHandler): void {
    this.#layers.push({ mount: path, method: 'GET', handler });
  }

  post(path: string, handler: ExpressHandler): void {
    this.#layers.push({ mount: path, method: 'POST', handler });
  }

  listen(_port: number): Server {
    const server = createServer((request, response) => this.#serve(request, response)).listen(0, '127.0.0.1');
    listening.push(server);
    return server;
  }

  #serve(request: ExpressRequest, plain: ServerResponse): void {
    const url = request.url ?? '';
    const response: ExpressResponse = Object.assign(plain, {
      type: (value: string) => response.setHeader('content-type', value),
      send: (body: string) => response.end(body),
    });
    request.originalUrl = url;
    const next = (index: number): void => {
      const layer = this.#layers[index];
      if (layer === undefined) return void response.writeHead(404).end();
      const { mount, method, handler } = layer;
      const fits = method === undefined ? url.startsWith(mount) : url === mount && method === request.method;
      if (!fits) return next(index + 1);
      request.url = method === undefined ? url.slice(mount.length) : url;
      handler(request, response, () => next(index + 1));
    };
    next(0);
  }
}

type FastifyRequest = { readonly raw: IncomingMessage; body: string; mesh?: MeshTag };
type FastifyHandler = (request: FastifyRequest) => Promise<string>;
type Hook = Parameters<FastifyInstance['addHook']>[1];

/** An application of the shape of Fastify 5. */
export class FastifyLike implements FastifyInstance {
  readonly decorated: string[] = [];
  readonly #hooks = { onRequest: [] as Hook[], preValidation: [] as Hook[] };
  readonly #handlers = new Map<string, FastifyHandler>();
  readonly #server = createServer((request, response) => this.#serve(request, response));

  decorateRequest(name: 'mesh', value: null): void {
    if (value === null) this.decorated.push(name);
  }

  addHook(name: 'onRequest' | 'preValidation', hook: Hook): void {
    this.#hooks[name].push(hook);
  }

  /** Hooks of a plugin without `skip-override` would hold for routes of the plugin alone, which has none. */
  async register(plugin: FastifyPlugin): Promise<void> {
    const isOpen = Symbol.for('skip-override') in plugin;
    const ignored: FastifyInstance = { decorateRequest: () => {}, addHook: () => {} };
    await new Promise<void>(done => plugin(isOpen ? this : ignored, {}, done));
  }

  post(path: string, handler: FastifyHandler): void {
    this.#handlers.set(path, handler);
  }

  async listen(_options: { readonly port: number }): Promise<Server> {
    await new Promise<void>(done => this.#server.listen(0, '127.0.0.1', done));
    listening.push(this.#server);
    return this.#server;
  }

  async close(): Promise<void> {
    await new Promise(done => this.#server.close(done));
  }

  #serve(raw: IncomingMessage, response: ServerResponse): void {
    const request: FastifyRequest = { raw, body: '' };
    const reply = { raw: response };
    const run = (hooks: readonly Hook[], then: () => void): void => {
      const [hook, ...rest] = hooks;
      if (hook === undefined) then();
      else hook(request, reply, () => run(rest, then));
    };
    run(this.#hooks.onRequest, () => {
      outside.runInAsyncScope(async () => {
        request.body = await text(raw);
        run(this.#hooks.preValidation, () => void this.#answer(request, response));
      });
    });
  }

  async #answer(request: FastifyRequest, response: ServerResponse): Promise<void> {
    const handler = this.#handlers.get(request.raw.url ?? '');
    if (handler === undefined) response.writeHead(404).end();
    else response.end(await handler(request));
  }
}
