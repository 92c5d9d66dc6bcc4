import { metricsPage, type MetricsSource } from '../../src/metrics/page.ts';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scraped page, parsed: the samples, and each family's type. */
export interface Page {
  readonly body: string;
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;
  /** The samples of that name whose labels include these. */
  find(name: string, labels?: Readonly<Record<string, string>>): readonly Sample[];
  /** The value of the only such sample; undefined if there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

function readSample(line: string): Sample {
  const [, name = '', text = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const labels = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, is]) => [label, is]));
  return { name, labels, value: Number(value) };
}

export async function scrape(...sources: readonly MetricsSource[]): Promise<Page> {
  const { body } = await metricsPage(sources);
  const lines = body.split('\n').filter((line) => line !== '');
  const samples = lines.filter((line) => !line.startsWith('#')).map(readSample);
  const types = new Map(
    [...body.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type] as const),
  );
  const find: Page['find'] = (name, labels = {}) =>
    samples.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, is]) => one.labels[label] === is),
    );
  const value: Page['value'] = (name, labels) => {
    const [sample, ...others] = find(name, labels);
    if (others.length > 0) throw new TypeError(`${name} has ${others.length + 1} such samples, wanted one`);
    return sample?.value;
  };
  return { body, samples, types, find, value };
}
