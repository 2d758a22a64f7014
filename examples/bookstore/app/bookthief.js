import { shop } from './shop.js';

shop({
  name: 'bookthief',
  about: 'Makes the very calls that bookbuyer makes. Until a TrafficTarget lets it in, the mesh refuses it with 403.',
  counted: 'Attempts, by what came of them',
});
