import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AddressBook, AddressesExhausted, openAddressBook } from './addresses.ts';

const small = { services: { base: '10.0.0.0', prefix: 23 } };

describe('AddressBook', () => {
  it('gives the same name the same address in every book, in the ranges', () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    const one = new AddressBook();
    const other = new AddressBook();
    const addresses = names.map(name => one.service('default', name));
    assert.deepEqual(
      names
        .toReversed()
        .map(name => other.service('default', name))
        .toReversed(),
      addresses,
    );
    assert.equal(new Set(addresses).size, names.length);
    for (const address of addresses) assert.match(address, /^10\.(9[6-9]|10\d|11[01])\.\d+\.\d+$/);
    assert.match(one.pod('default', 'p'), /^10\.244\.\d+\.\d+$/);
    assert.notEqual(one.service('other', 's0'), addresses[0]);
  });

  it('gives the next free one on a collision, and says when there is none', () => {
    const book = new AddressBook(undefined, small);
    const addresses = Array.from({ length: 255 }, (_, index) => book.service('default', `s${index}`));
    assert.equal(new Set(addresses).size, 255);
    assert.ok(!addresses.includes('10.0.0.255') && !addresses.includes('10.0.1.255'));
    assert.equal(book.service('default', 's7'), addresses[7]);
    assert.throws(() => book.service('default', 'one-more'), AddressesExhausted);
  });

  it('never gives away what an object has by itself', () => {
    const own = new AddressBook().service('default', 'a');
    const book = new AddressBook();
    book.reserve(new Set([own]));
    const other = book.service('default', 'a');
    assert.notEqual(other, own);
    book.reserve(new Set([other]));
    assert.equal(book.service('default', 'a'), own);
  });

  it('is remembered in a folder', async t => {
    const dir = await mkdtemp(join(tmpdir(), 'heddle-addresses-'));
    t.after(() => rm(dir, { recursive: true }));
    const state = join(dir, 'state');
    const book = await openAddressBook(state);
    const address = book.service('default', 'a');
    book.reserve(new Set([address]));
    const moved = book.service('default', 'a');
    await book.save();
    const again = await openAddressBook(state);
    assert.equal(again.service('default', 'a'), moved);
    assert.deepEqual(await readdir(state), ['addresses.json']);
    await writeFile(join(state, 'addresses.json'), '{"services": {"default/a": "1.2.3.4", "default/b": 7}, "pods"');
    assert.equal((await openAddressBook(state)).service('default', 'a'), address);
    await writeFile(
      join(state, 'addresses.json'),
      '{"services": {"default/a": "1.2.3.4", "default/b": 7}, "pods": []}',
    );
    assert.equal((await openAddressBook(state)).service('default', 'a'), address);
  });

  it('does not bring back a folder that is gone', async () => {
    await assert.rejects(openAddressBook('/no/such/run/state'), { code: 'ENOENT' });
  });
});
