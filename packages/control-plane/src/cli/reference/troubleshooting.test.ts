// docs/troubleshooting.md is what people find when they search for a message: it has all of them, and no other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { catalogue, type RemarkMessage } from '@heddle/mesh';
import { knownAlerts } from '../../api/handshakes.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../../../../docs/troubleshooting.md'), 'utf8');

const messages: Readonly<Record<RemarkMessage, true>> = {
  'failed to list SMI policy': true,
  'no matching backends': true,
  'no routes for service': true,
};

test('each message that a controller’s log owes has a section', () => {
  for (const message of Object.keys(messages)) assert.ok(page.includes(`### \`${message}\`\n`), message);
});

test('each alert of a failed handshake has a row', () => {
  for (const alert of knownAlerts) assert.ok(page.includes(`| \`${alert}\``) || page.includes(`, \`${alert}\``), alert);
});

test('findings are named as the catalogue has them', () => {
  const named = [...page.matchAll(/(SMI\d{4}) (\w+)`/g)];
  assert.ok(named.length > 5);
  for (const [text, code, reason = ''] of named) {
    assert.equal(Object.entries(catalogue).find(([name]) => name === reason)?.[1].code, code, text);
  }
});
