/** What a controller is told on its standard input, a line each: the newest at its start, every newer one as it comes. */
export class ControllerFeed {
  #newest: string;
  #write: ((line: string) => void) | undefined;

  /** @param line without an end of line, as all others */
  constructor(line: string) {
    this.#newest = line;
  }

  /** Says something newer, to the controller that runs and to those that are started after it. */
  put(line: string): void {
    this.#newest = line;
    this.#write?.(`${line}\n`);
  }

  /** Feeds a controller, in the place of the one before. */
  attach(write: (text: string) => void): void {
    this.#write = write;
    write(`${this.#newest}\n`);
  }
}
