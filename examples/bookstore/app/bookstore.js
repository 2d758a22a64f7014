import { call, every } from './call.js';
import { callGrpc } from './grpc.js';
import { callerOf, serve } from './serve.js';
import { Tally } from './tally.js';

const identity = process.env.IDENTITY ?? 'bookstore';
const warehouse = process.env.WAREHOUSE_URL ?? 'http://bookwarehouse.bookwarehouse:14001/restock-books';
const critic = process.env.CRITIC_URL ?? 'http://bookcritic.bookcritic:50051';
const tally = new Tally();
let sold = 0;
let restocked = 0;
let lastOrder = 'none yet';
let opinion = 'not asked yet';

serve(
  () => ({
    name: identity,
    about: 'Sells books. Whom the mesh refuses never gets this far, so every call counted here was allowed.',
    counted: 'Books sold, by buyer',
    tally,
    facts: [
      ['Sold', sold],
      ['Restocked', restocked],
      ['Last order at the warehouse', lastOrder],
      ['The critic says', opinion],
    ],
  }),
  {
    'GET /buy-a-book': request => {
      const buyer = callerOf(request);
      tally.add(tally.hasRoomFor(buyer) ? buyer : 'others');
      sold += 1;
      console.log(`book ${sold} sold to ${buyer}`);
      return { identity, book: sold };
    },
  },
);

// Orders once a second what was sold since the last order that came through.
every(1_000, async () => {
  const books = sold - restocked;
  if (books === 0) return;
  const { outcome, said } = await call(identity, 'POST', warehouse, { content: { books } });
  if (outcome === 'done') restocked += books;
  lastOrder = `${books} ${books === 1 ? 'book' : 'books'}: ${outcome === 'done' ? 'sent' : `${outcome}, ${said}`}`;
  console.log(`ordered ${lastOrder}`);
});

every(1_000, async () => {
  const asked = await callGrpc(critic, '/bookcritic.Critic/Rate', `book ${sold}`).catch(({ message }) => ({ message }));
  opinion = asked.message ?? (asked.status === 0 ? asked.text : `gRPC status ${asked.status}`);
});
