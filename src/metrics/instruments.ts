import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { families, type FamilyName, type GuardGauge, type LabelsOf, type NamesOf } from './families.ts';
import { gauges, type Snapshot } from './gauges.ts';

type LabelOf<Name extends FamilyName> = (typeof families)[Name]['labels'][number];

/** The client's options for a family, in this registry and not in the global one. */
const configuration = <Name extends FamilyName>(name: Name, registry: Registry) => {
  const labelNames: readonly LabelOf<Name>[] = families[name].labels;
  return { name, help: families[name].help, labelNames, registers: [registry] };
};

export const counter = <Name extends NamesOf<'counter'>>(name: Name, registry: Registry): Counter<LabelOf<Name>> =>
  new Counter<LabelOf<Name>>(configuration(name, registry));

export const histogram = <Name extends NamesOf<'histogram'>>(
  name: Name,
  registry: Registry,
): Histogram<LabelOf<Name>> =>
  new Histogram<LabelOf<Name>>({ ...configuration(name, registry), buckets: [...families[name].buckets] });

export const gauge = <Name extends NamesOf<'gauge'>>(name: Name, registry: Registry): Gauge<LabelOf<Name>> =>
  new Gauge<LabelOf<Name>>(configuration(name, registry));

/** A counter whose sums are kept elsewhere, where adding is cheap. It reads its series from there at each scrape. */
export function derivedCounter<Name extends NamesOf<'counter'>>(
  name: Name,
  registry: Registry,
  from: () => readonly (readonly [labels: LabelsOf<Name>, total: number])[],
): void {
  const derived: Counter = new Counter({
    ...configuration(name, registry),
    collect() {
      derived.reset();
      for (const [labels, total] of from()) derived.inc(labels, total);
    },
  });
}

/** A gauge without state: it derives its series from the snapshot at each scrape. */
export function derivedGauge(name: GuardGauge, registry: Registry, from: () => Snapshot): void {
  const derived: Gauge = new Gauge({
    ...configuration(name, registry),
    collect() {
      derived.reset();
      derived.remove({}); // a reset sets a gauge without labels to zero, which would claim a value
      for (const [labels, value] of gauges[name](from())) if (value !== undefined) derived.set(labels, value);
    },
  });
}
