/**
 * A database of one number, in lines of text over TCP. The server speaks first, as MySQL's and mail servers do:
 * `stockdb POD ready`, then `ADD 3` and `COUNT` are answered by `OK 3`, anything else by `ERR`. Each replica has a number
 * of its own.
 */
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';

let books = 0;

createServer(socket => {
  socket.write(`stockdb ${hostname()} ready\n`);
  const lines = createInterface({ input: socket });
  lines.on('line', line => socket.write(`${answer(line.trim())}\n`));
  for (const each of [socket, lines]) each.on('error', () => {}); // The client is gone.
}).listen(Number(process.env.PORT ?? 7000));

process.on('SIGTERM', () => process.exit(0));

function answer(line) {
  const [, added] = /^ADD (\d{1,9})$/.exec(line) ?? [];
  if (added === undefined && line !== 'COUNT') return 'ERR';
  books += Number(added ?? 0);
  if (added !== undefined) console.log(`${books} books`);
  return `OK ${books}`;
}
