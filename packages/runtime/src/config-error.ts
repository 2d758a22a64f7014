/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Path of the field, such as `routes[0].retries.perTryTimeout`; empty for the file as a whole. */
  readonly field: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

/**
 * A configuration that can't be taken over: the file can't be read (`ConfigUnreadable`), or what it holds is wrong
 * (`ConfigInvalid`). What was in force before stays in force, and the file is watched on: it can heal.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'ConfigUnreadable' | 'ConfigInvalid';
  readonly retryable = true;
  readonly path: string;
  /** All of them, in the order of the file. */
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigError['code'], path: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const lines = problems.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
    super(`${path}: ${lines.join('; ')}`, options);
    this.code = code;
    this.path = path;
    this.problems = problems;
  }
}
