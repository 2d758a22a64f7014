import { text } from 'node:stream/consumers';
import { callerOf, serve } from './serve.js';
import { askStock } from './stock.js';
import { Tally } from './tally.js';

const tally = new Tally();
const writes = process.env.STOCK_PRIMARY ?? 'stockdb-0.stockdb.bookwarehouse:7000';
let sent = 0;
let stored = 'nothing yet';

serve(
  () => ({
    name: 'bookwarehouse',
    about:
      'Restocks the bookstores. Whom the mesh refuses never gets this far, so every order counted here was allowed.',
    counted: 'Orders, by bookstore',
    tally,
    facts: [
      ['Books sent', sent],
      [`Written to ${writes}`, stored],
    ],
  }),
  {
    'POST /restock-books': async request => {
      const content = await text(request);
      const { books = 1 } = content === '' ? {} : JSON.parse(content);
      if (!Number.isSafeInteger(books) || books < 1) throw new Error('books must be a whole number above 0');
      const store = callerOf(request);
      tally.add(tally.hasRoomFor(store) ? store : 'others');
      sent += books;
      // An order is fulfilled whether or not the database can be reached.
      stored = await askStock(writes, `ADD ${books}`).catch(error => error.message);
      console.log(`${books} ${books === 1 ? 'book' : 'books'} sent to ${store}`);
      return { sent: books };
    },
  },
);
