import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { renewServing, type ServingIdentity } from '../identity/serving-certificate.ts';
import { createLogger } from '../log.ts';
import { ReviewError } from './review.ts';
import { WebhookServer } from './webhook-server.ts';

const names = ['localhost'];
const lines: string[] = [];
const end = new AbortController();
let identity: ServingIdentity;
let server: WebhookServer;
let port: number;

const certificateOf = ({ serving }: ServingIdentity) => ({
  certificatePem: serving.certificatePem,
  privateKeyPem: serving.privateKey.reveal(),
});

before(async () => {
  identity = renewServing(undefined, names, new Date());
  server = new WebhookServer({
    handlers: {
      '/echo': review => ({ review }),
      '/none': () => {
        throw new ReviewError('Not one of mine.');
      },
      '/bug': () => {
        throw new Error('a bug');
      },
    },
    certificate: certificateOf(identity),
    host: '127.0.0.1',
    port: 0,
    largestReview: 1000,
    log: createLogger(0, line => lines.push(line)),
  });
  port = await server.listen();
  void server.run(end.signal);
});
after(() => end.abort());

async function ask(
  path: string,
  body: string,
  ca = identity.trustBundlePem,
): Promise<{ status: number; text: string }> {
  const sent = request({ host: '127.0.0.1', servername: 'localhost', port, path, method: 'POST', ca, agent: false });
  const answered = once(sent, 'response') as Promise<[import('node:http').IncomingMessage]>;
  sent.end(body);
  const [response] = await answered;
  return { status: response.statusCode ?? 0, text: await text(response) };
}

test('a review goes to the handler of its path, whatever the query', async () => {
  assert.deepEqual(await ask('/echo?timeout=10s', '{"a":1}'), { status: 200, text: '{"review":{"a":1}}' });
  assert.equal((await ask('/other', '{}')).status, 404);
  assert.equal((await ask('/toString', '{}')).status, 404);
});

test('what is no review gets 400 and why; what is too large 413', async () => {
  assert.deepEqual(await ask('/echo', '{'), { status: 400, text: '{"error":"The review is not JSON."}' });
  assert.deepEqual(await ask('/none', '{}'), { status: 400, text: '{"error":"Not one of mine."}' });
  assert.equal((await ask('/echo', `"${'x'.repeat(2000)}"`)).status, 413);
});

test('a handler that fails is logged, and says nothing of why to who asks', async () => {
  assert.deepEqual(await ask('/bug', '{}'), { status: 500, text: '{"error":"The webhook failed; its log says why."}' });
  assert.match(lines.join(''), /a bug/);
});

test('the certificate is exchanged while it serves', async () => {
  const next = renewServing(undefined, names, new Date());
  server.useCertificate(certificateOf(next));
  assert.equal((await ask('/echo', '1', next.trustBundlePem)).status, 200);
  await assert.rejects(ask('/echo', '1'));
  server.useCertificate(certificateOf(identity));
});
