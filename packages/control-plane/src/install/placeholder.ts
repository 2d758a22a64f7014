/**
 * A value that is not known yet: what stands in the objects of an installation when a chart is made of them. It goes wherever a
 * value goes; what depends on one is chosen by `choose`.
 */
export class Placeholder {
  /** In the language of Helm's templates, on `$values`. */
  readonly expression: string;
  /** `list`: the one item of a list that stands for all of them. */
  readonly kind: 'text' | 'plain' | 'map' | 'list';

  constructor(expression: string, kind: Placeholder['kind']) {
    this.expression = expression;
    this.kind = kind;
  }

  /** Inside of a longer text: a mark, which neither YAML nor JSON has to quote. */
  toString(): string {
    return `HELM(${encoded(this.expression)})`;
  }

  /** As a value of its own. */
  toJSON(): string {
    return `HELM-${this.kind}(${encoded(this.expression)})`;
  }
}

function encoded(expression: string): string {
  return Buffer.from(expression).toString('base64url');
}

/** What stands in a mark that a placeholder has left. */
export function expressionIn(mark: string): string {
  return Buffer.from(mark, 'base64url').toString();
}

/** One of two texts, now if the flag is known, else when the chart is rendered. */
export function choose<Yes extends string, No extends string>(flag: boolean, yes: Yes, no: No): Yes | No {
  const value: unknown = flag;
  if (!(value instanceof Placeholder)) return flag ? yes : no;
  return new Placeholder(`ternary "${yes}" "${no}" ${value.expression}`, 'text') as unknown as Yes;
}

/** A text, or another where it is empty, now or when the chart is rendered. */
export function textOr(text: string, otherwise: string): string {
  const value: unknown = text;
  if (!(value instanceof Placeholder)) return text === '' ? otherwise : text;
  const instead: unknown = otherwise;
  const written = instead instanceof Placeholder ? instead.expression : quotedTemplate(otherwise);
  return new Placeholder(`${value.expression} | default (${written})`, 'text') as unknown as string;
}

/** A text in which templates stand, as an expression of its own. */
function quotedTemplate(text: string): string {
  const parts = text.split(/HELM\(([\w-]*)\)/).map((part, index) => (index % 2 === 0 ? part : expressionIn(part)));
  const format = parts.map((part, index) => (index % 2 === 0 ? part : '%s')).join('');
  const values = parts.filter((_, index) => index % 2 === 1).map(value => ` (${value})`);
  return `printf "${format}"${values.join('')}`;
}
