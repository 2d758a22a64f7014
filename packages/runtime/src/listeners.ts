/** Who listens to one kind of event. */
export class Listeners<Event extends unknown[]> {
  readonly #listeners = new Set<(...event: Event) => void>();

  /** Adds a listener; what it returns takes it away. */
  add(listener: (...event: Event) => void): () => void {
    // A function of its own, so that one that is added twice is called twice, and taken away once.
    const entry = (...event: Event): void => listener(...event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Calls all listeners; says whether there was one. What one throws reaches the process, not the other listeners. */
  emit(...event: Event): boolean {
    const listeners = [...this.#listeners];
    for (const listener of listeners) {
      try {
        listener(...event);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
    return listeners.length > 0;
  }
}
