import { call, every } from './call.js';
import { serve } from './serve.js';
import { Tally } from './tally.js';

/** A customer: asks the bookstore for a book five times a second, and counts who answers what. */
export function shop({ name, about, counted }) {
  const url = process.env.BOOKSTORE_URL ?? 'http://bookstore.bookstore:14001/buy-a-book';
  const tally = new Tally();
  let last = 'nothing yet';

  serve(() => ({
    name,
    about,
    counted,
    tally,
    facts: [
      ['Calls', `GET ${url}`],
      ['Last answer', last],
    ],
  }));

  return every(200, async () => {
    const { outcome, said, body } = await call(name, 'GET', url);
    tally.add(outcome === 'done' ? body.identity : `${outcome}: ${said}`, outcome);
    last = outcome === 'done' ? `${said}, book ${body.book} from ${body.identity}` : `${outcome}: ${said}`;
    console.log(last);
  });
}
