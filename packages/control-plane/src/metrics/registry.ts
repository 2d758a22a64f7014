import { type Metric, type MetricName, metrics } from './catalogue.ts';

/** The labels of a metric and their values. */
export type Labels<Name extends MetricName> = Readonly<Record<(typeof metrics)[Name]['labels'][number], string>>;

/** Metrics of one type. */
type NameOf<Type extends Metric['type']> = {
  [Name in MetricName]: (typeof metrics)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** One row of a gauge. */
export type Sample<Name extends MetricName> = readonly [labels: Labels<Name>, value: number];

interface Observations {
  /** Per bucket, not cumulated; one more than there are bounds. */
  readonly counts: number[];
  sum: number;
}

/** The values of all metrics in the catalogue, by name and labels; what has no labels starts at 0. */
export class Registry {
  readonly #values = new Map<MetricName, Map<string, number>>();
  readonly #observations = new Map<MetricName, Observations>();

  constructor() {
    for (const [name, metric] of entries()) {
      if (metric.type === 'histogram') {
        const counts = Array.from({ length: (metric.buckets ?? []).length + 1 }, () => 0);
        this.#observations.set(name, { counts, sum: 0 });
      } else this.#values.set(name, new Map(metric.labels.length === 0 ? [['', 0]] : []));
    }
  }

  /** Counts something that happened. */
  add<Name extends NameOf<'counter'>>(name: Name, labels: Labels<Name>, amount = 1): void {
    const values = this.#values.get(name);
    const key = keyOf(name, labels);
    values?.set(key, (values.get(key) ?? 0) + amount);
  }

  /** Sets a counter that somebody else keeps. */
  raise<Name extends NameOf<'counter'>>(name: Name, labels: Labels<Name>, total: number): void {
    this.#values.get(name)?.set(keyOf(name, labels), total);
  }

  /** Says how a gauge stands: rows that it had before and that are not named now go to 0, so that who watches sees them end. */
  set<Name extends NameOf<'gauge'>>(name: Name, samples: Iterable<Sample<Name>>): void {
    const values = this.#values.get(name);
    for (const key of values?.keys() ?? []) values?.set(key, 0);
    for (const [labels, value] of samples) {
      const key = keyOf(name, labels);
      values?.set(key, (values.get(key) ?? 0) + value);
    }
  }

  /** Notes one value of a distribution. */
  observe(name: NameOf<'histogram'>, value: number): void {
    const { buckets }: Metric = metrics[name];
    const observations = this.#observations.get(name);
    if (buckets === undefined || observations === undefined) return;
    const index = buckets.findIndex(bound => value <= bound);
    const bucket = index < 0 ? buckets.length : index;
    observations.counts[bucket] = (observations.counts[bucket] ?? 0) + 1;
    observations.sum += value;
  }

  /** Everything in Prometheus' text format, version 0.0.4. */
  text(): string {
    return entries()
      .map(([name, metric]) => {
        const lines = metric.type === 'histogram' ? this.#histogramLines(name, metric) : this.#lines(name);
        return [`# HELP ${name} ${escapeHelp(metric.help)}`, `# TYPE ${name} ${metric.type}`, ...lines, ''].join('\n');
      })
      .join('');
  }

  #lines(name: MetricName): string[] {
    return [...(this.#values.get(name) ?? [])]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}`);
  }

  #histogramLines(name: MetricName, { buckets = [] }: Metric): string[] {
    const { counts, sum } = this.#observations.get(name) ?? { counts: [], sum: 0 };
    let cumulated = 0;
    const lines = [...buckets.map(String), '+Inf'].map((bound, index) => {
      cumulated += counts[index] ?? 0;
      return `${name}_bucket{le="${bound}"} ${cumulated}`;
    });
    return [...lines, `${name}_sum ${sum}`, `${name}_count ${cumulated}`];
  }
}

function entries(): [MetricName, Metric][] {
  return Object.entries(metrics) as [MetricName, Metric][];
}

/** The labels as they are written: they tell a row from others. */
function keyOf<Name extends MetricName>(name: Name, labels: Labels<Name>): string {
  const values: Readonly<Record<string, string>> = labels;
  return metrics[name].labels.map(label => `${label}="${escapeValue(values[label] ?? '')}"`).join(',');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
