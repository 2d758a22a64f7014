/** Something worth writing down: a constant message, and fields. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logs, one JSON object a line. */
export interface Logger {
  /** Always written. */
  info(message: string, fields?: LogFields): void;
  /** Always written: something failed that is not the user's input. */
  error(message: string, error: unknown, fields?: LogFields): void;
  /** Written at `--v=N` and above, as in Kubernetes: 4 shows every resource sync and xDS exchange. */
  verbose(level: number, message: string, fields?: LogFields): void;
}

/** Makes a logger of a verbosity that writes lines. */
export function createLogger(
  verbosity: number,
  write: (line: string) => void,
  now: () => Date = () => new Date(),
): Logger {
  const log = (level: 'info' | 'error', message: string, fields: LogFields = {}): void => {
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`);
  };
  return {
    info: (message, fields) => log('info', message, fields),
    error: (message, error, fields) =>
      log('error', message, {
        ...fields,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    verbose: (level, message, fields) => {
      if (level <= verbosity) log('info', message, fields);
    },
  };
}
