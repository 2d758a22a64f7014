const written = '<!-- Written by scripts/docs.ts; do not edit. -->';

/** A page of the reference: its title, and what is below. */
export function page(title: string, parts: readonly string[]): string {
  return `${joined([`# ${title}`, written, ...parts])}\n`;
}

/** Paragraphs, those that are empty left out. */
export function joined(parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('\n\n');
}

/** A table in Markdown. Cells are padded, so that the pages read well as they are and the formatter leaves them alone. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map(cells => cells.map(cell => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...lines.map(cells => (cells[column] ?? '').length)));
  const pad = (cells: readonly string[], filling: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filling)).join(' | ')} |`;
  const [first = [], ...rest] = lines;
  return [pad(first, ' '), pad([], '-'), ...rest.map(cells => pad(cells, ' '))].join('\n');
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}
