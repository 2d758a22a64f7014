import { text } from 'node:stream/consumers';
import { callerOf, serve } from './serve.js';
import { Tally } from './tally.js';

const tally = new Tally();
let sent = 0;

serve(
  () => ({
    name: 'bookwarehouse',
    about:
      'Restocks the bookstores. Whom the mesh refuses never gets this far, so every order counted here was allowed.',
    counted: 'Orders, by bookstore',
    tally,
    facts: [['Books sent', sent]],
  }),
  {
    'POST /restock-books': async request => {
      const content = await text(request);
      const { books = 1 } = content === '' ? {} : JSON.parse(content);
      if (!Number.isSafeInteger(books) || books < 1) throw new Error('books must be a whole number above 0');
      const store = callerOf(request);
      tally.add(tally.hasRoomFor(store) ? store : 'others');
      sent += books;
      console.log(`${books} ${books === 1 ? 'book' : 'books'} sent to ${store}`);
      return { sent: books };
    },
  },
);
