// Imported by `make test`, so that its random tests are the same each time and a failure is the change's own. A test file
// that is run by itself draws a new seed; `npm run soak:policy` does so for real sidecars.
import * as fc from 'fast-check';

fc.configureGlobal({ seed: 20_260_401 });
