import { openMesh } from './mesh.js';
import { shop } from './shop.js';

shop({
  name: 'bookbuyer',
  about: 'Buys books. A TrafficTarget lets it in; the TrafficSplit decides which version of the bookstore serves it.',
  counted: 'Books bought, by the version that sold them',
  mesh: await openMesh(),
});
