/**
 * Finds which of the resources of a response Envoy's message blames. CDS and LDS collect theirs as
 * `Error adding/updating cluster(s) NAME: reason, NAME: reason`; the other types don't say.
 * @returns the names blamed, which may be none
 */
export function blamed(message: string, names: readonly string[]): string[] {
  return names.filter(name => {
    for (let at = message.indexOf(`${name}: `); at >= 0; at = message.indexOf(`${name}: `, at + 1)) {
      if (/(^|\(s\) |\n|, )$/.test(message.slice(Math.max(0, at - 4), at))) return true;
    }
    return false;
  });
}
