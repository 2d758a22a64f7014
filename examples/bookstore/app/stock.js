import { connect } from 'node:net';

/**
 * Says one line to the database at `address` (`HOST:PORT`) and gives the answer, over a connection for this line alone:
 * whom the database lets in is decided when it is opened. Rejects where no answer comes.
 */
export async function askStock(address, line) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), timeout: 2_000 }).setEncoding('utf8');
  socket.on('timeout', () => socket.destroy(new Error('the database does not answer')));
  let heard = '';
  let asked = false;
  for await (const text of socket) {
    heard += text;
    const [greeting, answer, ...rest] = heard.split('\n');
    if (!asked && answer !== undefined && greeting.endsWith('ready')) {
      asked = true;
      socket.write(`${line}\n`);
    }
    if (rest.length > 0) return answer;
  }
  throw new Error('the database has closed the connection');
}
