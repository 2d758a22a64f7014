import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, type RuntimeConfig, standaloneConfig } from './config.ts';
import { RouteTable } from './route-table.ts';

const route = (name: string, service: string, rest: Partial<Route> = {}): Route => ({
  name,
  service,
  pathRegex: undefined,
  methods: [],
  timeout: undefined,
  retries: undefined,
  split: [],
  ...rest,
});

const config = (...routes: Route[]): RuntimeConfig => ({
  ...standaloneConfig,
  identity: 'spiffe://cluster.local/ns/shop/sa/web',
  routes,
});

test('a service answers to each form of its name', () => {
  for (const service of ['reviews', 'reviews.shop', 'Reviews.Shop.svc', 'reviews.shop.svc.cluster.local.']) {
    const table = new RouteTable(config(route('r', service)));
    for (const host of [
      'reviews',
      'reviews.',
      'REVIEWS:8080',
      'reviews.shop',
      'reviews.shop.svc',
      'reviews.shop.svc.cluster.local',
      'reviews.shop.svc.cluster.local.',
    ])
      assert.equal(table.find('GET', `http://${host}/`)?.name, 'r', `${host} for ${service}`);
    for (const host of ['reviews.other', 'ratings', 'reviews.shop.example', 'reviews.shop.svc.example', '[::1]'])
      assert.equal(table.find('GET', `http://${host}/`), undefined, `${host} for ${service}`);
  }
});

test('another cluster domain counts where the file writes it', () => {
  const table = new RouteTable(config(route('r', 'reviews.shop.svc.mesh.example')));
  for (const host of ['reviews', 'reviews.shop.svc.mesh.example', 'reviews.shop.svc.cluster.local'])
    assert.equal(table.find('GET', `http://${host}/`)?.name, 'r', host);
});

test('an outside host is its own name', () => {
  const table = new RouteTable(config(route('pay', 'api.pay.example')));
  assert.equal(table.find('GET', 'https://API.pay.example./v1')?.name, 'pay');
  assert.equal(table.find('GET', 'https://pay.example/v1'), undefined);
});

test('the path must match as a whole, without the query, and the list decides', () => {
  const table = new RouteTable(
    config(
      route('one', 'reviews', { pathRegex: '/reviews/[0-9]+' }),
      route('write', 'reviews', { pathRegex: '/reviews/.*', methods: ['POST', 'PUT'] }),
      route('list', 'reviews', { pathRegex: '/reviews', methods: ['GET'] }),
      route('again', 'reviews', { pathRegex: '/reviews', methods: ['GET'] }),
    ),
  );
  const named = (method: string, target: string): string | undefined =>
    table.find(method, new URL(target, 'http://reviews'))?.name;
  assert.equal(named('GET', '/reviews/12?x=1'), 'one');
  assert.equal(named('POST', '/reviews/12'), 'one');
  assert.equal(named('PUT', '/reviews/12/text'), 'write');
  assert.equal(named('get', '/reviews'), 'list');
  assert.equal(named('GET', '/reviews?page=/reviews/1'), 'list');
  assert.equal(named('GET', '/reviews/'), undefined);
  assert.equal(named('GET', '/a/reviews'), undefined);
  assert.equal(named('DELETE', '/reviews/12/text'), undefined);
});

test('paths are compared as sidecars see them', () => {
  const table = new RouteTable(config(route('r', 'reviews', { pathRegex: '/a-b/%2Fc' })));
  for (const path of ['/a-b/%2Fc', '//a%2Db//%2Fc', '/x/../a-b/./%2Fc', '/%61-b/%2Fc'])
    assert.equal(table.find('GET', `http://reviews${path}`)?.name, 'r', path);
});

test('a text that is no URL has no route', () => {
  const table = new RouteTable(config(route('r', 'reviews')));
  for (const url of ['', '/reviews', 'reviews', 'http://', 'http://%']) assert.equal(table.find('GET', url), undefined);
});

test('an unknown namespace leaves short names to themselves', () => {
  const table = new RouteTable({ ...config(route('r', 'reviews')), identity: '' });
  assert.equal(table.find('GET', 'http://reviews/')?.name, 'r');
  assert.equal(table.find('GET', 'http://reviews.shop/'), undefined);
});
