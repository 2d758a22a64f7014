import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthenticationError, TokenAuthenticator, type TokenReviewStatus } from './token-authenticator.ts';

const pod = { namespace: 'shop', serviceAccount: 'web', name: 'web-1', uid: 'u-1' };
const good: TokenReviewStatus = {
  authenticated: true,
  audiences: ['heddle'],
  user: {
    username: 'system:serviceaccount:shop:web',
    extra: {
      'authentication.kubernetes.io/pod-name': ['web-1'],
      'authentication.kubernetes.io/pod-uid': ['u-1'],
    },
  },
};

function authenticator(review: (token: string) => TokenReviewStatus | Promise<TokenReviewStatus>) {
  const clock = { now: 0 };
  const asked: string[] = [];
  const made = new TokenAuthenticator({
    review: async (token, audience) => {
      asked.push(`${token} for ${audience}`);
      return await review(token);
    },
    audience: 'heddle',
    now: () => new Date(clock.now),
  });
  return { clock, asked, show: (text: string | undefined) => made.authenticate(text) };
}

const user = good.user ?? {};
const refused: Readonly<Record<string, TokenReviewStatus>> = {
  'a token that the API server does not know, or whose pod is deleted': { authenticated: false, error: 'pod deleted' },
  'a token for another audience': { ...good, audiences: ['https://kubernetes.default.svc'] },
  'a token of a server that knows no audiences': { authenticated: true, user },
  'a token of a person': { ...good, user: { ...user, username: 'admin' } },
  'a token of something named like an account': { ...good, user: { ...user, username: 'system:serviceaccount:a:b:c' } },
  'a token that is bound to no pod': { ...good, user: { username: 'system:serviceaccount:shop:web' } },
  'a token with a name and no uid': {
    ...good,
    user: { ...user, extra: { 'authentication.kubernetes.io/pod-name': ['web-1'] } },
  },
  'a token of two pods': {
    ...good,
    user: {
      ...user,
      extra: { ...user.extra, 'authentication.kubernetes.io/pod-uid': ['u-1', 'u-2'] },
    },
  },
};
for (const [what, status] of Object.entries(refused)) {
  test(`refused: ${what}`, async () => {
    const { show } = authenticator(() => status);
    await assert.rejects(show('Bearer t'), (error: Error) => error instanceof AuthenticationError && !error.retryable);
  });
}

test('the pod is the one that the token is bound to', async () => {
  const { show, asked } = authenticator(() => good);
  assert.deepEqual(await show('Bearer a.b-c_d'), pod);
  assert.deepEqual(asked, ['a.b-c_d for heddle']);
});

test('nobody is asked about what is no token', async () => {
  const { show, asked } = authenticator(() => good);
  for (const text of [undefined, '', 'Bearer', 'Basic x', 'Bearer a b', `Bearer ${'x'.repeat(20_000)}`]) {
    await assert.rejects(show(text), AuthenticationError);
  }
  assert.deepEqual(asked, []);
});

test('an answer counts for a while, a refusal not as long', async () => {
  const { show, asked, clock } = authenticator(token => (token === 'bad' ? {} : good));
  const both = async (): Promise<void> => {
    await show('Bearer good');
    await assert.rejects(show('Bearer bad'));
  };
  await both();
  await both();
  assert.equal(asked.length, 2);
  clock.now = 6000;
  await both();
  assert.equal(asked.length, 3);
  clock.now = 61_000;
  await both();
  assert.equal(asked.length, 5);
});

test('many streams with one token are one question', async () => {
  const { promise, resolve } = Promise.withResolvers<TokenReviewStatus>();
  const { show, asked } = authenticator(() => promise);
  const shown = [show('Bearer t'), show('Bearer t'), show('bearer t')];
  resolve(good);
  assert.deepEqual(await Promise.all(shown), [pod, pod, pod]);
  assert.equal(asked.length, 1);
});

test('who sends many tokens is told to come again, and an API server that is away is no refusal', async () => {
  const { promise, resolve } = Promise.withResolvers<TokenReviewStatus>();
  const { show } = authenticator(() => promise);
  const shown = Array.from({ length: 64 }, (_, index) => show(`Bearer t${index}`));
  await assert.rejects(show('Bearer more'), (error: Error) => error instanceof AuthenticationError && error.retryable);
  resolve(good);
  await Promise.all(shown);
  assert.deepEqual(await show('Bearer more'), pod);
  const away = authenticator(() => {
    throw new Error('connection refused');
  });
  await assert.rejects(
    away.show('Bearer t'),
    (error: Error) => error instanceof AuthenticationError && error.retryable,
  );
});
