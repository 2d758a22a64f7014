/**
 * A program that makes calls from inside a pod: orders on its input, reports on its output, one JSON value a line. It ends
 * when its input does, whatever is under way, so that nothing is left of it when whoever started it is gone.
 */
import { lookup } from 'node:dns/promises';
import { createInterface } from 'node:readline';
import { type Exchanger, Http1Exchanger, type ResolvedOrder, TcpExchanger } from './http-exchange.ts';
import { Http2Exchanger } from './http2-exchange.ts';
import { type CallOrder, type CallReport, type Exchange, type ExchangeCount, unanswered } from './order.ts';

/** Connections of one call at a time. */
const connections = 8;

/** Calls under way at a time. */
const callsAtATime = 4;

/** So many exchanges in a row that waited in vain: the rest would, too. */
const enoughTimeouts = 3;

/** Makes all exchanges of a call. Never rejects: what goes wrong is part of the report. */
export async function performCall(order: CallOrder): Promise<CallReport> {
  const counts = new Map<string, ExchangeCount>();
  const count = (exchange: Exchange, times: number) => {
    const { detail: _, ...alike } = exchange;
    const key = JSON.stringify(alike);
    counts.set(key, { ...(counts.get(key) ?? exchange), count: (counts.get(key)?.count ?? 0) + times });
  };
  const address = await addressOf(order.host);
  if (typeof address === 'object') count(address, order.times);
  else await performTimes({ ...order, address }, exchange => count(exchange, 1));
  return { id: order.id, exchanges: [...counts.values()] };
}

async function addressOf(host: string): Promise<string | Exchange> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (error) {
    return unanswered('unreachable', error instanceof Error ? error.message : String(error));
  }
}

async function performTimes(order: ResolvedOrder, count: (exchange: Exchange) => void): Promise<void> {
  let left = order.times;
  let timeouts = 0;
  const work = async () => {
    const exchanger = exchangerFor(order);
    while (left > 0 && timeouts < enoughTimeouts) {
      left -= 1;
      const exchange = await exchanger.exchange();
      timeouts = exchange.end === 'timeout' ? timeouts + 1 : 0;
      count(exchange);
    }
    exchanger.close();
  };
  await Promise.all(Array.from({ length: Math.min(order.times, connections) }, work));
}

function exchangerFor(order: ResolvedOrder): Exchanger {
  if (order.protocol === 'tcp') return new TcpExchanger(order);
  return order.protocol === 'http' ? new Http1Exchanger(order) : new Http2Exchanger(order);
}

/** Takes orders line by line and says each report as soon as it is there; resolves when the orders end. */
export async function serveOrders(lines: AsyncIterable<string>, say: (line: string) => void): Promise<void> {
  const waiting: CallOrder[] = [];
  let active = 0;
  const next = async () => {
    active += 1;
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      say(JSON.stringify(await performCall(order)));
    }
    active -= 1;
  };
  for await (const line of lines) {
    waiting.push(JSON.parse(line) as CallOrder);
    if (active < callsAtATime) void next();
  }
}

if (import.meta.main) {
  process.stdout.on('error', () => process.exit()); // nobody listens any more
  await serveOrders(createInterface({ input: process.stdin }), line => process.stdout.write(`${line}\n`));
  process.exit();
}
