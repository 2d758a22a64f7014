import { connect, createServer } from 'node:http2';

/** As much of gRPC as one call with one text each way needs: a message is `string text = 1`. */

/** Serves methods on PORT: `{'/package.Service/Method': text => text}`. */
export function serveGrpc(methods) {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const method = methods[headers[':path']];
    answer(stream, method).catch(() => stream.destroy()); // The client is gone.
  });
  server.listen(Number(process.env.PORT ?? 50051));
  process.on('SIGTERM', () => process.exit(0));
}

/** Makes one call. Gives `{status, text}`: the gRPC status, 0 where all is well, and the answer. Rejects without one. */
export async function callGrpc(origin, path, text) {
  const session = connect(origin);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      session.setTimeout(2_000, () => reject(new Error('no answer')));
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let status;
      const note = headers => (status = headers['grpc-status'] ?? status);
      stream.on('response', note).on('trailers', note).on('error', reject);
      content(stream).then(bytes => resolve({ status: Number(status), text: readText(bytes) }), reject);
      stream.end(message(text));
    });
  } finally {
    session.close();
  }
}

async function answer(stream, method) {
  stream.on('error', () => {}); // The client is gone.
  const headers = { ':status': 200, 'content-type': 'application/grpc' };
  const text = readText(await content(stream));
  if (method === undefined) {
    stream.respond({ ...headers, 'grpc-status': '12' }, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(message(method(text)));
}

async function content(stream) {
  return Buffer.concat(await stream.toArray());
}

/** Uncompressed: a byte of flags, four of length, then the message. Texts of up to 127 bytes. */
function message(text) {
  const bytes = Buffer.from(text).subarray(0, 127);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length + 2, 0x0a, bytes.length]), bytes]);
}

function readText(bytes) {
  return bytes.length < 7 ? '' : bytes.subarray(7, 7 + bytes[6]).toString();
}
