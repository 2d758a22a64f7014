import { serveGrpc } from './grpc.js';

const verdicts = ['a masterpiece', 'worth its price', 'better than the film', 'long'];
let asked = 0;

serveGrpc({
  '/bookcritic.Critic/Rate': book => {
    const verdict = `${book} is ${verdicts[asked++ % verdicts.length]}`;
    console.log(verdict);
    return verdict;
  },
});
