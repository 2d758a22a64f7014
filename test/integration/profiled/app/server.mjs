/**
 * A server that fails as it is told. Its query says how: `fail=N` answers the first N tries of an `id` with 503, `slow=MS` waits
 * before it answers; `tries=ID` tells how many tries of an id it has seen. Bytes on port 3306 are greeted.
 */
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';

const tries = new Map();

createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://server').searchParams;
  const asked = query.get('tries');
  if (asked !== null) {
    response.end(String(tries.get(asked) ?? 0));
    return;
  }
  const id = query.get('id') ?? '';
  const count = (tries.get(id) ?? 0) + 1;
  tries.set(id, count);
  const status = count <= Number(query.get('fail') ?? 0) ? 503 : 200;
  setTimeout(() => response.writeHead(status).end(process.env.NAME), Number(query.get('slow') ?? 0));
}).listen(8080);

createTcpServer(socket => {
  socket.on('error', () => {});
  socket.write('hello\n');
  socket.on('data', bytes => socket.write(bytes));
}).listen(3306);
