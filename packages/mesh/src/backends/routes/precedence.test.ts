import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayOvertake } from './precedence.ts';
import type { RouteMatch } from './route-match.ts';

const exact = (value: string): RouteMatch => ({ path: { type: 'Exact', value } });
const prefix = (value: string): RouteMatch => ({ path: { type: 'PathPrefix', value } });
const regex = (value: string): RouteMatch => ({ path: { type: 'RegularExpression', value } });
const beta: RouteMatch = { headers: [{ name: 'x-beta', value: 'yes' }] };

const table: readonly [what: string, earlier: RouteMatch, later: RouteMatch, overtakes: boolean][] = [
  ['an exact path goes before a header', beta, exact('/a'), true],
  ['a prefix goes before a header', beta, prefix('/a'), true],
  ['nothing goes before an exact path', exact('/a'), { ...prefix('/'), method: 'GET' }, false],
  ['the longer prefix goes first', prefix('/a'), prefix('/a/b'), true],
  ['prefixes that exclude each other are free', prefix('/a'), prefix('/ab'), false],
  ['exact paths that differ are free', exact('/a'), exact('/b'), false],
  ['an exact path below a prefix goes first', prefix('/a'), exact('/a/b'), true],
  ['a method goes before headers', beta, { method: 'GET' }, true],
  ['methods that differ are free', { ...beta, method: 'POST' }, { ...exact('/a'), method: 'GET' }, false],
  ['more headers go first', beta, { headers: [...(beta.headers ?? []), { name: 'x', value: 'y' }] }, true],
  ['values that differ are free', beta, { ...exact('/a'), headers: [{ name: 'x-beta', value: 'no' }] }, false],
  ['of equals the first goes first', prefix('/a'), prefix('/a'), false],
  ['a regular expression stands anywhere beside a path', regex('^/a.$'), exact('/ab'), true],
  ['a regular expression goes before no path', regex('^/a.$'), {}, false],
  ['a regular expression goes before a header', beta, regex('^/a.$'), true],
];

for (const [what, earlier, later, overtakes] of table) {
  test(what, () => assert.equal(mayOvertake(later, earlier), overtakes));
}
