import type { Shape } from '../pattern-shapes.ts';

/**
 * A shape with segments as a path template of an AuthorizationPolicy: `{*}` is one whole segment, `{**}` at the end
 * anything (https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation). `undefined` where a
 * gap is no whole segment, or where a literal has what a template doesn't take.
 */
export function pathTemplate(shape: Shape): string | undefined {
  let template = '';
  for (const [index, piece] of shape.entries()) {
    const isLast = index === shape.length - 1;
    if (piece.kind === 'literal') {
      // A literal behind a gap begins the next segment.
      if (!plainText.test(piece.text) || (index > 0 && !piece.text.startsWith('/'))) return undefined;
      template += piece.text;
    } else if (!template.endsWith('/') || (piece.kind !== 'segment' && !(piece.kind === 'any' && isLast))) {
      return undefined;
    } else {
      template += piece.kind === 'segment' ? '{*}' : '{**}';
    }
  }
  return template;
}

const plainText = /^[-\w.~%!$&'()+,;:@=/]+$/;
