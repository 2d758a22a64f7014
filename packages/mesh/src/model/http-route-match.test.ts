import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '@heddle/smi';
import {
  grantMismatch,
  type HttpRouteMatch,
  isSpelling,
  isSteeringHeader,
  type RequestFacts,
  spellingsOf,
} from './http-route-match.ts';

test('a name has two spellings for each dash, itself first', () => {
  assert.deepEqual(spellingsOf('host'), ['host']);
  assert.deepEqual(spellingsOf('x-team'), ['x-team', 'x_team']);
  assert.deepEqual(spellingsOf('x-a-b'), ['x-a-b', 'x_a-b', 'x-a_b', 'x_a_b']);
  for (const spelling of spellingsOf('x-http-method-override')) {
    assert.ok(isSpelling('x-http-method-override', spelling), spelling);
  }
});

test('an underscore stands for a dash, not the other way around', () => {
  assert.ok(!isSpelling('x_team', 'x-team'));
  assert.ok(!isSpelling('x-team', 'x-teams'));
  assert.ok(!isSpelling('x-team', 'x.team'));
  assert.ok(isSteeringHeader('x_forwarded-client_cert'));
  assert.ok(!isSteeringHeader('x-forwarded-for'));
});

test('an entry lets nothing in that comes with a look-alike of what it asks for', () => {
  assert.equal(grantMismatch(entry('x-team'), request('x-team', 'user_id')), undefined);
  assert.equal(grantMismatch(entry('x-team'), request('x_team')), 'header x-team is absent');
  assert.equal(grantMismatch(entry('x-team'), request('x-team', 'x_team')), 'header x_team may pass for x-team');
  assert.equal(grantMismatch(entry('x_team'), request('x-team', 'x_team')), undefined);
  assert.equal(grantMismatch(entry('a-b-c-d-e-f-g'), request('a-b-c-d-e-f-g')), undefined);
  assert.match(grantMismatch(entry('a-b-c-d-e-f-g-h'), request('a-b-c-d-e-f-g-h')) ?? '', /too many spellings/);
});

function entry(...names: string[]): HttpRouteMatch {
  const regex = compileRegex('red');
  if ('error' in regex) throw new Error(regex.error);
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } };
  return { name: 'entry', headers: names.map(name => ({ name, regex })), origin: { source: { object }, path: [] } };
}

function request(...headers: string[]): RequestFacts {
  return { method: 'GET', path: '/', headers: new Map(headers.map(name => [name, 'red'])) };
}
