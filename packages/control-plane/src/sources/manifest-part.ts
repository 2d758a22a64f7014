import type { FieldPath } from '@heddle/smi';
import { findInJson, readJson } from './json.ts';
import type { OffsetFinder, Reading, SyntaxProblem } from './notation.ts';
import { type DocumentContent, readObjects } from './read-object.ts';
import { lineStarts, positionOf } from './split-documents.ts';
import { findInYaml, readYaml } from './yaml.ts';

interface Places {
  readonly starts: readonly number[];
  readonly find: OffsetFinder;
}

/**
 * A part of a file, read: it holds whatever file and line the text stands at, so that parts that an edit left alone are
 * taken over as they are. The syntax tree is not kept: places are found by reading the text once more, on demand.
 */
export class ManifestPart {
  readonly text: string;
  readonly problems: readonly SyntaxProblem[];
  readonly documents: readonly DocumentContent[];
  readonly #json: boolean;
  #places: WeakRef<Places> | undefined;

  /** `json: true` refuses what is YAML only; otherwise a text that begins like JSON is tried as such first. */
  constructor(text: string, { json }: { json: boolean }) {
    const first = json || /^\s*[{[]/.test(text) ? readJson(text) : undefined;
    this.#json = first !== undefined && (json || first.problems.length === 0);
    const reading: Reading = first !== undefined && this.#json ? first : readYaml(text);
    this.text = text;
    this.problems = reading.problems;
    this.documents = reading.documents.map(readObjects);
  }

  /** Line and column, from 1, of a field or of its nearest written ancestor. */
  locate(document: number, path: FieldPath): { line: number; column: number } {
    const { starts, find } = this.#find();
    return positionOf(starts, find(document, path));
  }

  #find(): Places {
    const known = this.#places?.deref();
    if (known !== undefined) return known;
    const places = {
      starts: lineStarts(this.text),
      find: this.#json ? findInJson(this.text) : findInYaml(this.text),
    };
    this.#places = new WeakRef(places);
    return places;
  }
}
