/** The DNS server of the pod network, over UDP and TCP. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { decode, encode, type Packet, streamDecode, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';
import { answerDns, type DnsZone } from './dns-answer.ts';

/** Largest answer over UDP; a longer one is truncated, and the client asks again over TCP (RFC 1035). */
const maxUdpBytes = 512;

/** Where the server listens. */
export interface DnsListen {
  readonly address: string;
  readonly port: number;
}

/**
 * Serves what `zone()` holds at the time of each query until the signal aborts; resolves once it listens, rejects where the
 * signal aborts before.
 */
export async function serveDns(listen: DnsListen, zone: () => DnsZone, signal: AbortSignal): Promise<void> {
  await Promise.all([serveUdp(listen, zone, signal), serveTcp(listen, zone, signal)]);
}

async function serveUdp(listen: DnsListen, zone: () => DnsZone, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = createSocket({ type: 'udp4', signal });
  socket.on('message', (message, from) => {
    const sent = tryAnswer(() => udpAnswer(answerDns(decode(message), zone())));
    if (sent === undefined) return;
    socket.send(sent, from.port, from.address, ignoreLostClient);
  });
  socket.bind(listen.port, listen.address);
  await once(socket, 'listening', { signal });
  socket.on('error', ignoreLostClient);
}

function udpAnswer(answer: Packet): Buffer {
  const bytes = encode(answer);
  if (bytes.length <= maxUdpBytes) return bytes;
  return encode({ ...answer, flags: (answer.flags ?? 0) | TRUNCATED_RESPONSE, answers: [] });
}

async function serveTcp(listen: DnsListen, zone: () => DnsZone, signal: AbortSignal): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', ignoreLostClient);
    socket.setTimeout(10_000, () => socket.destroy());
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', data => {
      received = Buffer.concat([received, data]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const query = received.subarray(0, end);
        received = received.subarray(end);
        const answer = tryAnswer(() => streamEncode(answerDns(streamDecode(query), zone())));
        if (answer === undefined) socket.destroy();
        else socket.write(answer);
      }
    });
  });
  signal.addEventListener('abort', () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  signal.throwIfAborted();
  server.listen(listen.port, listen.address);
  await once(server, 'listening', { signal });
}

function tryAnswer<T>(answer: () => T): T | undefined {
  try {
    return answer();
  } catch {
    return undefined; // not a message that can be answered
  }
}

function ignoreLostClient(): void {
  // A client that is gone before its answer needs none.
}
