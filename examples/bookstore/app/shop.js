import { call, every } from './call.js';
import { describeRoute } from './mesh.js';
import { serve } from './serve.js';
import { Tally } from './tally.js';

/** A customer: asks the bookstore for a book five times a second, and counts who answers what; `mesh` is what it is told, if it asked. */
export function shop({ name, about, counted, mesh }) {
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
      ...(mesh === undefined ? [] : [['Route', describeRoute(mesh, 'GET', url)]]),
      ['Last answer', last],
    ],
  }));

  return every(200, async () => {
    const { outcome, said, body } = await call(name, 'GET', url, { fetch: mesh?.fetch });
    tally.add(outcome === 'done' ? body.identity : `${outcome}: ${said}`, outcome);
    last = outcome === 'done' ? `${said}, book ${body.book} from ${body.identity}` : `${outcome}: ${said}`;
    console.log(last);
  });
}
