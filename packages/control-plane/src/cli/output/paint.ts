import { styleText } from 'node:util';
import type { Config } from '../../config.ts';
import type { Output } from '../cli-command.ts';

/** How a piece of text looks. */
export type TextStyle = Parameters<typeof styleText>[0];

/** Gives text a style. */
export type Paint = (style: TextStyle, text: string) => string;

/** Colours for one output: on a terminal only, unless the configuration says otherwise. */
export function painter(out: Output, { color }: Pick<Config, 'color'>): Paint {
  return hasColors(out, { color })
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}

/** Whether an output is coloured. */
export function hasColors(out: Output, { color }: Pick<Config, 'color'>): boolean {
  return color === 'always' || (color === 'auto' && out.isTerminal);
}
