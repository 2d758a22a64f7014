import { isUtf8 } from 'node:buffer';
import { type Finding, findingInFile } from '@heddle/mesh';
import { formatPath } from '@heddle/smi';
import { locateIn, ManifestObject, type ManifestPlace } from './manifest-object.ts';
import { ManifestPart } from './manifest-part.ts';
import type { Refusal } from './read-object.ts';
import { lineStarts, positionOf, splitDocuments } from './split-documents.ts';

/**
 * One file, read. In: its text. Out: the objects that it defines and what is wrong with it. It must not know other files
 * or what was in force before.
 */
export interface Manifest {
  readonly file: string;
  /** What was read; `undefined` if there was no text to read. */
  readonly text: string | undefined;
  /** In the order that they are written; the kind Traffic included. */
  readonly objects: readonly ManifestObject[];
  readonly findings: readonly Finding[];
  /**
   * `whole`: everything in it was taken; `partly`: documents or items were refused, so that an object missing here is not
   * necessarily gone; `unreadable`: not YAML or JSON, so that nothing is known of it.
   */
  readonly state: 'whole' | 'partly' | 'unreadable';
  /** The parts that it was read in, by their text. */
  readonly parts: ReadonlyMap<string, ManifestPart>;
}

/** The most that is read of one file unless the caller says otherwise, in bytes. */
export const maxFileBytes = 10 * 1024 * 1024;

/** Mistakes of syntax that are reported of one file: those after the first few follow from them. */
const maxProblems = 10;

/** Refused documents and items of one file that are reported one by one. */
const maxRefusals = 1000;

/**
 * Reads the bytes of a file: UTF-8, with or without a byte order mark, of at most `maxBytes`.
 * Parts that `previous` has read already are not read again.
 */
export function readManifestBytes(
  file: string,
  bytes: Buffer,
  options: { previous?: Manifest | undefined; maxBytes?: number } = {},
): Manifest {
  const { previous, maxBytes = maxFileBytes } = options;
  if (bytes.length > maxBytes) {
    return unreadable(file, { file }, `The file has more than ${maxBytes} bytes, the most that are read: split it.`);
  }
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) {
    const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe ? ' (it looks like UTF-16)' : '';
    return unreadable(
      file,
      placeIn(file, text, text.indexOf('\u{FFFD}')),
      `The text is not UTF-8${utf16}: save it as UTF-8.`,
    );
  }
  return readManifest(file, text, previous);
}

/** Reads the text of a file. A file whose name ends in `.json` is JSON; any other one YAML or JSON. */
export function readManifest(file: string, written: string, previous?: Manifest): Manifest {
  const text = written.startsWith('\u{FEFF}') ? written.slice(1) : written;
  const nul = text.indexOf('\0');
  if (nul !== -1)
    return unreadable(
      file,
      placeIn(file, text, nul),
      'The text holds a NUL byte: it is not a manifest, or was cut off.',
    );
  const json = file.endsWith('.json');
  const parts = new Map<string, ManifestPart>();
  const objects: ManifestObject[] = [];
  const problems: Finding[] = [];
  const refusals: Finding[] = [];
  for (const { text: partText, line } of json ? [{ text, line: 0 }] : splitDocuments(text)) {
    const part = parts.get(partText) ?? previous?.parts.get(partText) ?? new ManifestPart(partText, { json });
    parts.set(partText, part);
    for (const problem of part.problems) {
      const at = positionOf(lineStarts(partText), problem.offset);
      problems.push(
        findingInFile(
          'UnreadableFile',
          { file, line: line + at.line, column: at.column },
          `${problem.message} Nothing of this file is taken until it is mended.`,
        ),
      );
    }
    part.documents.forEach(({ entries, refusals: refused }, document) => {
      for (const { object, path } of entries)
        objects.push(new ManifestObject(object, { file, line, part, document, path }));
      for (const refusal of refused) {
        const place = { file, line, part, document, path: [] };
        if (refusals.length === maxRefusals) refusals.push(moreRefusals(refusal, place));
        else if (refusals.length < maxRefusals) refusals.push(refusalFinding(refusal, place));
      }
    });
  }
  if (problems.length > 0)
    return { file, text, objects: [], findings: problems.slice(0, maxProblems), state: 'unreadable', parts };
  return { file, text, objects, findings: refusals, state: refusals.length > 0 ? 'partly' : 'whole', parts };
}

/** A file that can't be read at all, and why. */
export function unreadable(
  file: string,
  place: { file: string; line?: number; column?: number },
  message: string,
): Manifest {
  return {
    file,
    text: undefined,
    objects: [],
    findings: [findingInFile('UnreadableFile', place, message)],
    state: 'unreadable',
    parts: new Map(),
  };
}

function refusalFinding(refusal: Refusal, place: ManifestPlace): Finding {
  return {
    ...findingInFile(refusal.reason, locateIn(place, refusal.path), refusal.message),
    ...(refusal.object !== undefined && { object: refusal.object }),
    ...(refusal.field !== undefined && { field: formatPath(refusal.field) }),
  };
}

function moreRefusals(refusal: Refusal, place: ManifestPlace): Finding {
  const message = `From here on, what is wrong with this file is not listed: it is more than ${maxRefusals} findings.`;
  return findingInFile('NotAnObject', locateIn(place, refusal.path), message);
}

function placeIn(file: string, text: string, offset: number): { file: string; line: number; column: number } {
  return { file, ...positionOf(lineStarts(text), Math.max(0, offset)) };
}
