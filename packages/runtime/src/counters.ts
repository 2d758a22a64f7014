/** The media type of what `text` gives, for the Content-Type of its answer. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

interface Metric {
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly help: string;
}

const metrics = {
  heddle_runtime_requests_total: {
    type: 'counter',
    labels: ['direction', 'service', 'route', 'method', 'code'],
    help: 'Requests that ended, by their route. code is the status, or why there was none. Repetitions are not counted.',
  },
  heddle_runtime_retries_total: {
    type: 'counter',
    labels: ['service', 'route', 'reason'],
    help: 'Repetitions of requests, by the status or failure that they were made for.',
  },
  heddle_runtime_retries_withheld_total: {
    type: 'counter',
    labels: ['service', 'route'],
    help: 'Repetitions that were not made since the budget of the service was spent.',
  },
  heddle_runtime_config_loads_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Contents of the configuration file that were accepted or refused.',
  },
  heddle_runtime_config_current: {
    type: 'gauge',
    labels: [],
    help: '1 while what the configuration file holds is in force, 0 while it was refused and an earlier content is.',
  },
} as const satisfies Record<string, Metric>;

type MetricName = keyof typeof metrics;
type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof metrics)[Name]['labels'][number], string>>;

/** What the runtime counts; rows appear with their first event. */
export class Counters {
  readonly #rows = new Map<MetricName, Map<string, number>>();

  /** Counts one event. */
  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): void {
    const rows = this.#rowsOf(name);
    const key = keyOf(name, labels);
    rows.set(key, (rows.get(key) ?? 0) + 1);
  }

  /** Says how a gauge stands. */
  set<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#rowsOf(name).set(keyOf(name, labels), value);
  }

  /** Everything in Prometheus' text format, rows in order. */
  text(): string {
    return Object.entries<Metric>(metrics)
      .map(([name, { type, help }]) => {
        const rows = [...(this.#rows.get(name as MetricName) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
        const lines = rows.map(([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}\n`);
        return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
      })
      .join('');
  }

  #rowsOf(name: MetricName): Map<string, number> {
    const rows = this.#rows.get(name) ?? new Map<string, number>();
    this.#rows.set(name, rows);
    return rows;
  }
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT']);

/** A method as a label: a caller can't make rows at will. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : 'other';
}

function keyOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string {
  const values: Readonly<Record<string, string>> = labels;
  return metrics[name].labels.map(label => `${label}="${escape(values[label] ?? '')}"`).join(',');
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
