import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAnswer, readGrpcAnswer, readTcpAnswer } from './mesh-answer.ts';

describe('readAnswer', () => {
  const table: [string, number, Record<string, string>, string, { byMesh: boolean; responder: string | null }][] = [
    ['an application', 200, {}, 'hello', { byMesh: false, responder: null }],
    ['an application with a header', 200, { 'x-served-by': 'web' }, '', { byMesh: false, responder: 'web' }],
    ['an application with JSON', 200, {}, '{"identity": "web"}\n', { byMesh: false, responder: 'web' }],
    ['an application whose JSON says something else', 200, {}, '{"identity": 1}', { byMesh: false, responder: null }],
    ['an application’s own 403', 403, {}, '{"error":"not you"}', { byMesh: false, responder: null }],
    ['an application’s bare 403 with a name', 403, { 'x-served-by': 'web' }, '', { byMesh: false, responder: 'web' }],
    ['the destination’s sidecar', 403, {}, 'RBAC: access denied', { byMesh: true, responder: null }],
    ['the caller’s sidecar', 403, {}, 'heddle: no TrafficTarget lets this workload', { byMesh: true, responder: null }],
    ['a refused path', 400, {}, '', { byMesh: true, responder: null }],
    ['a refused request', 400, {}, 'Bad Request', { byMesh: true, responder: null }],
    ['no endpoint', 503, {}, 'no healthy upstream', { byMesh: true, responder: null }],
    ['an endpoint that is gone', 503, {}, 'upstream connect error or disconnect', { byMesh: true, responder: null }],
    ['an application’s own 503', 503, {}, 'closed on Sundays', { byMesh: false, responder: null }],
    ['an application’s bare 404', 404, {}, '', { byMesh: false, responder: null }],
    ['an application that quotes the mesh', 200, {}, 'RBAC: access denied', { byMesh: false, responder: null }],
  ];
  for (const [what, status, headers, body, expected] of table) {
    it(`knows ${what}`, () => {
      const { byMesh, responder } = readAnswer({ status, headers: new Map(Object.entries(headers)), body });
      assert.deepEqual({ byMesh, responder }, expected);
    });
  }
});

describe('readGrpcAnswer', () => {
  const table: [string, Record<string, string>, { status: number; grpcStatus: number | null; byMesh: boolean }][] = [
    ['an application', { 'grpc-status': '0' }, { status: 200, grpcStatus: 0, byMesh: false }],
    [
      'an application’s own refusal',
      { 'grpc-status': '7', 'grpc-message': 'no' },
      { status: 200, grpcStatus: 7, byMesh: false },
    ],
    [
      'a denial',
      { 'grpc-status': '7', 'grpc-message': 'RBAC: access denied' },
      { status: 403, grpcStatus: 7, byMesh: true },
    ],
    [
      'a denial near the caller',
      { 'grpc-status': '7', 'grpc-message': 'heddle: no%0A' },
      { status: 403, grpcStatus: 7, byMesh: true },
    ],
    [
      'no endpoint',
      { 'grpc-status': '14', 'grpc-message': 'no healthy upstream' },
      { status: 503, grpcStatus: 14, byMesh: true },
    ],
    ['a refused path', { 'grpc-status': '13' }, { status: 400, grpcStatus: 13, byMesh: true }],
    ['no cluster', { 'grpc-status': '14' }, { status: 503, grpcStatus: 14, byMesh: true }],
    ['no gRPC at all', {}, { status: 200, grpcStatus: null, byMesh: false }],
  ];
  for (const [what, headers, expected] of table) {
    it(`knows ${what}`, () => {
      const { status, grpcStatus, byMesh } = readGrpcAnswer({
        status: 200,
        headers: new Map(Object.entries(headers)),
        body: '',
      });
      assert.deepEqual({ status, grpcStatus, byMesh }, expected);
    });
  }
});

describe('readTcpAnswer', () => {
  it('knows who answers, and that HTTP’s refusal is none', () => {
    assert.equal(readTcpAnswer('x-served-by: db\nhello').responder, 'db');
    assert.equal(readTcpAnswer('hello').byMesh, false);
    assert.equal(readTcpAnswer('HTTP/1.1 400 Bad Request\r\n').byMesh, true);
  });
});
