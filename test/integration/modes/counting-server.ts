/**
 * A program that greets whoever connects to port 3306, and tells on port 8080 how many have, or what
 * headers a request to `/headers` has; on port 7000 it answers whatever comes.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

let greeted = 0;
const ignore = () => {}; // who is gone has no more to hear
createServer(socket => {
  greeted += 1;
  socket.on('error', ignore);
  socket.resume();
  socket.write('220 welcome\r\n');
}).listen(3306);
createServer(socket => {
  socket.on('error', ignore);
  socket.once('data', () => socket.end('bytes'));
}).listen(7000);
createHttpServer(({ url, headers }, response) => {
  response.end(url === '/headers' ? JSON.stringify(headers) : String(greeted));
}).listen(8080);
process.on('SIGTERM', () => process.exit());
