import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from './config.ts';
import { type Counters, methodLabel } from './counters.ts';
import type { Propagation, RequestContext } from './propagation.ts';

/** What a request is tagged with. */
export interface MeshTag {
  /** The route that fits it; `undefined`: none does. */
  readonly route: Route | undefined;
}

/** A request of a framework once the middleware has seen it. */
export interface Tagged {
  mesh?: MeshTag;
}

/** The parts of a request that the middleware looks at, as Node, Express and Fastify have them. */
export type IncomingRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** The parts of a response that it looks at. */
export type OutgoingResponse = Pick<ServerResponse, 'statusCode' | 'writableFinished' | 'once'>;

/** How requests to this application are told apart. */
export interface MiddlewareOptions {
  /** The service that this application is, in any form of its name. Default: the one that the Host header names. */
  readonly service?: string;
}

/** Middleware as Express calls it. */
export type ExpressMiddleware = (
  request: IncomingRequest & Tagged & { readonly originalUrl?: string },
  response: OutgoingResponse,
  next: () => void,
) => void;

type Done = () => void;
type FastifyRequest = Tagged & { readonly raw: IncomingRequest };
type FastifyHook = (request: FastifyRequest, reply: { readonly raw: OutgoingResponse }, done: Done) => void;

/** As much of a Fastify instance as the plugin needs. */
export interface FastifyInstance {
  decorateRequest(name: 'mesh', value: null): unknown;
  addHook(name: 'onRequest' | 'preValidation', hook: FastifyHook): unknown;
}

/** A plugin as Fastify's `register` takes it. */
export type FastifyPlugin = (instance: FastifyInstance, options: unknown, done: Done) => void;

/** What the middleware knows of the runtime. */
export interface MiddlewareParts {
  readonly propagation: Propagation;
  readonly counters: Counters;
  readonly routeOf: (method: string, url: string) => Route | undefined;
  /** One name of a service for all of its forms. */
  readonly serviceOf: (route: Route) => string;
}

/** Middleware for Express, Connect and plain `node:http`: tags requests with their route, counts them, and propagates headers. */
export function expressMiddleware(parts: MiddlewareParts, options: MiddlewareOptions): ExpressMiddleware {
  return (request, response, next) => {
    const url = request.originalUrl ?? request.url;
    const context = contextOf(parts, options, { ...pickRequest(request), url });
    request.mesh = { route: context.route };
    countAtEnd(parts, context, request, response);
    parts.propagation.run(context, next);
  };
}

/** The same as a plugin for Fastify; it holds for the instance that it is registered with, not only for a scope of its own. */
export function fastifyPlugin(parts: MiddlewareParts, options: MiddlewareOptions): FastifyPlugin {
  const plugin: FastifyPlugin = (instance, _options, done) => {
    const contexts = new WeakMap<IncomingRequest, RequestContext>();
    instance.decorateRequest('mesh', null);
    instance.addHook('onRequest', (request, reply, next) => {
      const context = contextOf(parts, options, request.raw);
      contexts.set(request.raw, context);
      request.mesh = { route: context.route };
      countAtEnd(parts, context, request.raw, reply.raw);
      parts.propagation.run(context, next);
    });
    // Fastify reads the body between these hooks, on events of the socket, which belong to no request.
    instance.addHook('preValidation', (request, _reply, next) => {
      const context = contexts.get(request.raw);
      if (context === undefined) next();
      else parts.propagation.run(context, next);
    });
    done();
  };
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'heddle' });
}

/** What is to be known of a request while it is served. */
export function contextOf(
  { propagation, routeOf }: MiddlewareParts,
  { service }: MiddlewareOptions,
  { method = 'GET', url = '', headers }: IncomingRequest,
): RequestContext {
  const host = service ?? headers.host ?? '';
  // A target that starts with two slashes is a path, too: it must not become a host.
  const absolute = url.startsWith('/') ? `http://${host}${url}` : withHost(url, service);
  return { route: routeOf(method, absolute), headers: propagation.pick(headers) };
}

/** A target in absolute form, as proxies send it, names its host; `*` and that of CONNECT name no path. */
function withHost(target: string, service: string | undefined): string {
  const url = /^https?:\/\//i.test(target) ? URL.parse(target) : null;
  if (url === null) return '';
  if (service !== undefined) url.host = service;
  return url.href;
}

function pickRequest({ method, headers }: IncomingRequest): {
  method?: string | undefined;
  headers: IncomingRequest['headers'];
} {
  return { method, headers };
}

/** Counts when the connection is done with the response; one that was cut short has no status to speak of. */
function countAtEnd(
  { counters, serviceOf }: MiddlewareParts,
  { route }: RequestContext,
  request: IncomingRequest,
  response: OutgoingResponse,
): void {
  response.once('close', () => {
    counters.add('heddle_runtime_requests_total', {
      direction: 'inbound',
      service: route === undefined ? '' : serviceOf(route),
      route: route?.name ?? '',
      method: methodLabel(request.method ?? 'GET'),
      code: response.writableFinished ? String(response.statusCode) : 'aborted',
    });
  });
}
