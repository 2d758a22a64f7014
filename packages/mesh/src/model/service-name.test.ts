import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServiceName } from './service-name.ts';

const read = (text: string) => readServiceName(text, 'stock', 'Cluster.Local');
const service = (name: string, namespace: string) => ({ kind: 'service', namespace, name });

test('a root may be written in every form that clients use (S4, H1)', () => {
  for (const text of [
    'books',
    'Books',
    'books.',
    'books.stock',
    'books.stock.',
    'books.stock.svc',
    'books.stock.svc.cluster.local.',
  ]) {
    assert.deepEqual(read(text), service('books', 'stock'), text);
  }
  assert.deepEqual(read('books.shop'), service('books', 'shop'));
});

test('everything else is a host outside the cluster (S4)', () => {
  for (const text of ['books.stock.svc.example.com', 'www.example.com', 'a.b.c', 'books.stock.pod.cluster.local']) {
    assert.deepEqual(read(text), { kind: 'external', host: text });
  }
  assert.deepEqual(read('WWW.Example.com.'), { kind: 'external', host: 'www.example.com' });
});

test('what no Service can be called is none (S4)', () => {
  for (const text of ['', '.', '.stock', 'books..', 'a..b', 'a_b', '-a', 'my books', 'a'.repeat(64)]) {
    assert.equal(read(text).kind, 'external', JSON.stringify(text));
  }
});
