import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedResponse, ResponseReader } from './response-reader.ts';

const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');

describe('ResponseReader', () => {
  const table: [string, string, string, { status: number; body: string; reusable: boolean }][] = [
    ['a length', 'GET', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello', { status: 200, body: 'hello', reusable: true }],
    [
      'chunks, extensions and trailers',
      'GET',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\nhel\nD\nlo\r\r again!!!\n0\nx: y\n\n',
      { status: 200, body: 'hello\r\r again!!!', reusable: true },
    ],
    ['no body', 'GET', 'HTTP/1.1 204 No Content\n\n', { status: 204, body: '', reusable: true }],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\ncontent-length: 5\n\n', { status: 200, body: '', reusable: true }],
    [
      'an interim one before',
      'GET',
      'HTTP/1.1 100 Continue\n\nHTTP/1.1 201 \ncontent-length: 0\n\n',
      { status: 201, body: '', reusable: true },
    ],
    ['an upgrade', 'GET', 'HTTP/1.1 101 Switching\nupgrade: x\n\n', { status: 101, body: '', reusable: false }],
    [
      'a last one',
      'GET',
      'HTTP/1.1 403 F\nconnection: Close\ncontent-length: 1\n\nx',
      { status: 403, body: 'x', reusable: false },
    ],
    ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\ncontent-length: 1\n\nx', { status: 200, body: 'x', reusable: false }],
  ];
  for (const [what, method, text, expected] of table) {
    it(`reads ${what}, whole and byte by byte`, () => {
      const { headers: _, ...whole } = new ResponseReader(method).push(crlf(text)) ?? { headers: null };
      assert.deepEqual(whole, expected);
      const reader = new ResponseReader(method);
      const bytes = [...crlf(text)];
      const early = bytes.slice(0, -1).map(byte => reader.push(Buffer.from([byte])));
      assert.ok(early.every(response => response === undefined));
      const { headers: __, ...last } = reader.push(Buffer.from(bytes.slice(-1))) ?? { headers: null };
      assert.deepEqual(last, expected);
    });
  }

  it('reads to the end of the connection where nothing says how long it is', () => {
    const reader = new ResponseReader('GET');
    assert.equal(reader.push(crlf('HTTP/1.1 200 OK\nX-A: 1\nx-a: 2\n\nhel')), undefined);
    reader.push(Buffer.from('lo'));
    const response = reader.end();
    assert.deepEqual([response?.body, response?.reusable, response?.headers.get('x-a')], ['hello', false, '1, 2']);
  });

  it('has no response where the connection breaks off', () => {
    for (const text of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nx']) {
      const reader = new ResponseReader('GET');
      reader.push(crlf(text));
      assert.equal(reader.end(), undefined, text);
    }
  });

  it('refuses what is not HTTP/1.1', () => {
    const wrong = [
      '220 mail ready\n',
      'HTTP/2 200\n\n',
      'HTTP/1.1 2x0 OK\n\n',
      'HTTP/1.1 200 OK\ncontent-length: -1\n\n',
      'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nzz\n',
    ];
    for (const text of wrong) assert.throws(() => new ResponseReader('GET').push(crlf(text)), MalformedResponse, text);
  });
});
