import { valueTable } from '../../install/value-table.ts';
import { code, page, table } from './page.ts';

/** The page about the values of an installation, made from their table. */
export function valuesPage(): string {
  return page('Values of an installation', [
    'What `heddle install` and `heddle upgrade` take with `--set` and `--values`, and the chart `deploy/helm/heddle` with the same ' +
      'options of Helm. Values of Open Service Mesh are understood, as they stand and below `osm` or `OpenServiceMesh`, each with a ' +
      'note; those without a counterpart are passed over, and what nobody knows is refused.',
    table(
      ['value', 'default', 'meaning', 'in Open Service Mesh'],
      valueTable.map(({ path, default: value, meaning, formerly }) => [
        code(path),
        code(JSON.stringify(value)),
        meaning,
        formerly === undefined ? '' : code(formerly),
      ]),
    ),
  ]);
}
