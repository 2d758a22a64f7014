import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeltaStream } from './delta.ts';
import type { DeltaRequest, DeltaResponse } from './delta-wire.ts';
import type { EncodedResource } from './encode.ts';
import { type ResourceKind, typeUrls } from './resource-type.ts';
import { ResourceIndex } from './snapshot.ts';
import type { Rejection } from './stream.ts';

type Contents = { readonly [K in ResourceKind]?: Readonly<Record<string, string>> };

/** Every cluster takes endpoints of its own name by EDS. */
function resource(kind: ResourceKind, name: string, version: string): EncodedResource {
  const bytes = new Uint8Array();
  return { name, version, typeUrl: typeUrls[kind], bytes, ...(kind === 'cluster' && { endpoints: name }) };
}

/** A sidecar that says what the script has it say, and the stream that answers it. */
class Script {
  readonly rejections: Rejection[] = [];
  readonly #index = new ResourceIndex();
  readonly #responses: DeltaResponse[] = [];
  readonly #kinds = new Map<string, ResourceKind>(Object.entries(typeUrls).map(([kind, url]) => [url, kind as never]));
  readonly stream = new DeltaStream(this.#index, response => this.#responses.push(response), {
    sent: () => {},
    acknowledged: () => {},
    rejected: rejection => this.rejections.push(rejection),
  });

  constructor(contents?: Contents) {
    if (contents) this.publish(contents);
  }

  publish(contents: Contents): this {
    const resources = Object.entries(contents).flatMap(([kind, versions]) =>
      Object.entries(versions).map(([name, version]) => resource(kind as ResourceKind, name, version)),
    );
    this.publishResources(resources);
    return this;
  }

  publishResources(resources: readonly EncodedResource[]): void {
    this.stream.update(this.#index.replace({ groups: [{ resources }] }));
  }

  ask(kind: ResourceKind, request: Omit<DeltaRequest, 'typeUrl'> = {}): this {
    this.stream.receive({ typeUrl: typeUrls[kind], ...request });
    return this;
  }

  /** What was sent since the last look, one line a response: `cluster a@1 b@1 -c`. */
  sent(): string[] {
    return this.#responses.splice(0).map(response => {
      const kind = this.#kinds.get(response.typeUrl) as ResourceKind;
      this.#nonces[kind] = response.nonce;
      const items = [...response.resources.map(r => `${r.name}@${r.version}`), ...response.removed.map(n => `-${n}`)];
      return [kind, ...items].join(' ');
    });
  }

  readonly #nonces: { [K in ResourceKind]?: string } = {};

  ack(kind: ResourceKind, request: Omit<DeltaRequest, 'typeUrl' | 'nonce'> = {}): this {
    return this.ask(kind, { nonce: this.#nonces[kind] ?? '', ...request });
  }

  nack(kind: ResourceKind, error: string): this {
    return this.ask(kind, { nonce: this.#nonces[kind] ?? '', error });
  }

  expect(...lines: string[]): this {
    assert.deepEqual(this.sent(), lines);
    return this;
  }

  rejected(): unknown[] {
    return this.rejections.splice(0).map(({ resources, message }) => [resources, message]);
  }
}

/** A sidecar with a cluster, its endpoints, a listener and its routes, all at version 1 and acknowledged. */
function settled(): Script {
  const script = new Script(one);
  script.ask('cluster').expect('cluster a@1');
  script.ask('endpoints', { subscribe: ['a'] }).expect('endpoints a@1');
  script.ack('endpoints').ack('cluster').ask('listener').expect('listener l@1');
  script.ask('route', { subscribe: ['r'] }).expect('route r@1');
  script.ack('listener').ack('route').expect();
  assert.equal(script.stream.inSync, true);
  return script;
}
const one: Contents = { cluster: { a: '1' }, endpoints: { a: '1' }, listener: { l: '1' }, route: { r: '1' } };

describe('subscriptions', () => {
  test('an empty first subscription is the wildcard, and so is *', () => {
    const contents = { cluster: { a: '1', b: '1' } };
    new Script(contents).ask('cluster').expect('cluster a@1 b@1');
    new Script(contents).ask('cluster', { subscribe: ['*'] }).expect('cluster a@1 b@1');
  });

  test('a wildcard of nothing is answered, once: a fresh sidecar waits for it', () => {
    const script = new Script({}).ask('cluster').expect('cluster');
    script.ack('cluster').expect();
    assert.equal(script.stream.inSync, true);
  });

  test('named resources come by name only, and one that does not exist is answered as removed', () => {
    new Script({ endpoints: { a: '1', b: '1' } })
      .ask('endpoints', { subscribe: ['a', 'x'] })
      .expect('endpoints a@1 -x')
      .ack('endpoints')
      .expect();
  });

  test('a name that appears later is sent then', () => {
    const script = new Script({}).ask('endpoints', { subscribe: ['a'] }).expect('endpoints -a');
    script
      .ack('endpoints')
      .publish({ endpoints: { a: '1', b: '1' } })
      .expect('endpoints a@1');
  });

  test('a name is answered again when it is asked for again', () => {
    settled()
      .ask('endpoints', { subscribe: ['a'] })
      .expect('endpoints a@1');
  });

  test('what is unsubscribed is not sent any more, and is sent anew when subscribed anew', () => {
    const script = settled()
      .ask('endpoints', { unsubscribe: ['a'] })
      .expect();
    script.publish({ ...one, endpoints: { a: '2' } }).expect();
    script.ask('endpoints', { subscribe: ['a'] }).expect('endpoints a@2');
  });

  test('without the wildcard only names are left; a name given up while the wildcard holds is answered once more', () => {
    const script = new Script({ listener: { a: '1', b: '1' } }).ask('listener', { subscribe: ['*', 'a'] });
    script
      .expect('listener a@1 b@1')
      .ack('listener')
      .ask('listener', { unsubscribe: ['a'] })
      .expect('listener a@1');
    script
      .ack('listener')
      .ask('listener', { subscribe: ['a'], unsubscribe: ['*'] })
      .expect('listener a@1');
    script
      .ack('listener')
      .publish({ listener: { a: '2', b: '2' } })
      .expect('listener a@2');
  });

  test('a stream that is there before the first snapshot waits', () => {
    const script = new Script()
      .ask('cluster')
      .ask('listener')
      .ask('endpoints', { subscribe: ['x'] })
      .expect();
    assert.equal(script.stream.inSync, false);
    script.publish({ cluster: { a: '1' } }).expect('cluster a@1', 'endpoints -x');
    script.ack('endpoints').ack('cluster').expect('listener');
  });

  test('secrets come over the same stream, whatever the clusters wait for', () => {
    const script = new Script({ cluster: { a: '1' }, secret: { s: '1' } }).ask('cluster').expect('cluster a@1');
    script.ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script
      .ack('secret')
      .publish({ cluster: { a: '1' }, secret: { s: '2' } })
      .expect('secret s@2');
  });
});

describe('nonces', () => {
  test('one response of a type in flight; meanwhile the latest state wins', () => {
    const script = new Script({ secret: { s: '1' } }).ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script
      .publish({ secret: { s: '2' } })
      .publish({ secret: { s: '3' } })
      .expect();
    script.ack('secret').expect('secret s@3').ack('secret').expect();
  });

  test('a state that is back to what is in flight is not sent again', () => {
    const script = new Script({ secret: { s: '1' } }).ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script
      .publish({ secret: { s: '2' } })
      .publish({ secret: { s: '1' } })
      .ack('secret')
      .expect();
  });

  test('a stale nonce acknowledges nothing, but its subscriptions count', () => {
    const script = new Script({ secret: { s: '1', t: '1' } }).ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script.ask('secret', { nonce: 'stale', subscribe: ['t'] }).expect();
    script.ask('secret', { nonce: 'stale', error: 'of long ago' }).expect();
    assert.deepEqual(script.rejected(), []);
    script.ack('secret').expect('secret t@1');
  });

  test('an empty nonce changes subscriptions only', () => {
    const script = new Script({ secret: { s: '1', t: '1' } }).ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script.ask('secret', { nonce: '', subscribe: ['t'], unsubscribe: ['s'] }).expect();
    script
      .ack('secret')
      .expect('secret t@1')
      .ack('secret')
      .publish({ secret: { s: '2', t: '1' } })
      .expect();
  });

  test('one request can acknowledge and subscribe', () => {
    const script = new Script({ secret: { s: '1', t: '1' } }).ask('secret', { subscribe: ['s'] }).expect('secret s@1');
    script.ack('secret', { subscribe: ['t'] }).expect('secret t@1');
  });

  test('an equal snapshot sends nothing', () => {
    settled().publish(one).expect();
  });
});

describe('rejections', () => {
  test('a rejected version is told and not sent again; the next one is', () => {
    const script = settled()
      .publish({ ...one, route: { r: '2' } })
      .expect('route r@2');
    script.nack('route', 'bad regex').expect();
    assert.deepEqual(script.rejected(), [[[{ name: 'r', version: '2' }], 'bad regex']]);
    assert.equal(script.stream.inSync, false);
    script.publish({ ...one, route: { r: '2' }, secret: {} }).expect();
    script
      .publish({ ...one, route: { r: '3' } })
      .expect('route r@3')
      .ack('route')
      .expect();
    assert.equal(script.stream.inSync, true);
  });

  test('going back to what the sidecar still has sends nothing, and all is well', () => {
    const script = settled()
      .publish({ ...one, route: { r: '2' } })
      .expect('route r@2')
      .nack('route', 'bad');
    script.publish(one).expect();
    assert.equal(script.stream.inSync, true);
  });

  test('what Envoy names is set aside, the rest is sent again', () => {
    const script = new Script({ cluster: { a: '1', b: '1', 'b:80': '1', c: '1' } }).ask('cluster');
    script.expect('cluster a@1 b@1 b:80@1 c@1');
    script.nack('cluster', 'Error adding/updating cluster(s) b:80: no load assignment').expect('cluster a@1 b@1 c@1');
    assert.deepEqual(script.rejected().length, 1);
    script.ack('cluster').expect();
    assert.deepEqual(
      script.stream.status().map(({ acknowledged, rejected }) => [[...acknowledged.keys()], rejected]),
      [
        [
          ['a', 'b', 'b:80', 'c'],
          [{ name: 'b:80', version: '1', message: 'Error adding/updating cluster(s) b:80: no load assignment' }],
        ],
      ],
    );
  });

  test('when Envoy names nothing, each is tried alone, and nobody is blamed before it is clear', () => {
    const script = new Script({ route: { r: '1', s: '1' } }).ask('route', { subscribe: ['r', 's'] });
    script.expect('route r@1 s@1').nack('route', 'invalid escape').expect('route r@1');
    assert.deepEqual(script.rejected(), []);
    script.ack('route').expect('route s@1').nack('route', 'invalid escape').expect();
    assert.deepEqual(script.rejected(), [[[{ name: 's', version: '1' }], 'invalid escape']]);
  });

  test('a rejected response takes back its removals too', () => {
    const script = new Script({ listener: { a: '1', b: '1' } })
      .ask('listener')
      .expect('listener a@1 b@1')
      .ack('listener');
    script
      .publish({ listener: { a: '2' } })
      .expect('listener a@2')
      .nack('listener', 'a: bad')
      .expect('listener -b');
  });

  test('a resource that may have been taken with the rejected response is removed when it goes', () => {
    const script = new Script({ cluster: { a: '1', b: '1' } }).ask('cluster').expect('cluster a@1 b@1');
    script.publish({}).nack('cluster', 'Error adding/updating cluster(s) b: bad').expect('cluster -a -b');
  });

  test('a cluster that a refused route configuration is still using is not removed', () => {
    const script = settled()
      .publish({ ...one, cluster: {}, route: { r: '2' } })
      .expect('route r@2');
    script.nack('route', 'bad').expect();
    script
      .publish({ ...one, cluster: {}, route: { r: '3' } })
      .expect('route r@3')
      .ack('route')
      .expect('cluster -a');
  });
});

describe('order', () => {
  test('adding: clusters, endpoints, listeners, routes, each after the acknowledgement of what it names', () => {
    const two = { cluster: { a: '1', b: '1' }, endpoints: { a: '2', b: '1' }, listener: { l: '2' }, route: { r: '2' } };
    const script = settled().publish(two).expect('cluster b@1', 'endpoints a@2');
    script
      .ack('endpoints', { subscribe: ['b'] })
      .expect('endpoints b@1')
      .ack('endpoints')
      .expect();
    script.ack('cluster').expect('listener l@2', 'route r@2').ack('route').ack('listener').expect();
  });

  test('removing: routes, listeners, clusters, endpoints', () => {
    const script = settled();
    script
      .publish({ route: { r: '2' } })
      .expect('route r@2')
      .ack('route')
      .expect('listener -l');
    script.ack('listener').expect('cluster -a').ack('cluster').expect('endpoints -a').ack('endpoints').expect();
    assert.equal(script.stream.inSync, true);
  });

  test('what is removed and comes back before its turn was never away', () => {
    const script = settled()
      .publish({ ...one, cluster: {}, route: { r: '2' } })
      .expect('route r@2');
    script
      .publish({ ...one, route: { r: '2' } })
      .ack('route')
      .expect();
  });

  test('endpoints follow a changed cluster even when they have not changed', () => {
    settled()
      .publish({ ...one, cluster: { a: '2' } })
      .expect('cluster a@2', 'endpoints a@1');
  });

  test('endpoints follow a changed cluster when they are in flight, and as removed when there are none', () => {
    const script = settled()
      .publish({ ...one, endpoints: { a: '2' } })
      .expect('endpoints a@2');
    script.publish({ ...one, cluster: { a: '2' }, endpoints: { a: '2' } }).expect('cluster a@2');
    script.ack('endpoints').expect('endpoints a@2').ack('endpoints').ack('cluster').expect();
    script.publish({ ...one, cluster: { a: '3' }, endpoints: {} }).expect('cluster a@3', 'endpoints -a');
  });
});

describe('reconnecting', () => {
  const order = ['endpoints', 'listener', 'route', 'cluster'] as const;
  const named = { endpoints: ['a'], listener: [], route: ['r'], cluster: [] };

  function reconnect(script: Script, had: Contents): Script {
    for (const kind of order) script.ask(kind, { subscribe: named[kind], initialVersions: had[kind] ?? {} });
    return script;
  }

  test('a sidecar that has everything gets nothing', () => {
    const script = reconnect(new Script(one), one).expect();
    assert.equal(script.stream.inSync, true);
  });

  test('it gets what has changed, clusters before listeners though it asks for them last', () => {
    const now = { cluster: { a: '2' }, endpoints: { a: '1' }, listener: { l: '2' }, route: { r: '2' } };
    const script = reconnect(new Script(now), one).expect('cluster a@2', 'endpoints a@1');
    script.ack('endpoints').ack('cluster').expect('listener l@2', 'route r@2');
  });

  test('what it has and what is gone is removed', () => {
    const had: Contents = { ...one, cluster: { a: '1', old: '1' }, listener: { l: '1', older: '1' } };
    const script = reconnect(new Script(one), had).expect('listener -older');
    script.ack('listener').expect('cluster -old');
  });

  test('a name that it asks for without having it is answered', () => {
    new Script(one).ask('route', { subscribe: ['r', 'x'], initialVersions: { r: '1' } }).expect('route -x');
  });

  test('it may keep a version that the resource accepts, until that changes', () => {
    const certificate = { ...resource('secret', 's', 'new'), accepts: (version: string) => version === 'old' };
    for (const [has, gets] of [
      ['old', []],
      ['older', ['secret s@new']],
    ] as const) {
      const script = new Script();
      script.publishResources([certificate]);
      script.ask('secret', { subscribe: ['s'], initialVersions: { s: has } }).expect(...gets);
    }
    const script = new Script();
    script.publishResources([certificate]);
    script.ask('secret', { subscribe: ['s'], initialVersions: { s: 'old' } }).expect();
    script.publish({ secret: { s: 'newer' } }).expect('secret s@newer');
  });
});
