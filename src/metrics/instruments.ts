import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { families, type FamilyName, type LabelsOf, type NamesOf } from './families.ts';
import { gauges, type Snapshot } from './gauges.ts';

type LabelOf<Name extends FamilyName> = (typeof families)[Name]['labels'][number];

/** What the client wants to know of a family, in this registry and no global one. */
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

/** A counter whose sums are kept elsewhere, where adding is cheap: its series are taken from there whenever it is read. */
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

/** A gauge that holds nothing: its series are derived anew from the snapshot whenever it is read. */
export function derivedGauge(name: NamesOf<'gauge'>, registry: Registry, from: () => Snapshot): void {
  const gauge: Gauge = new Gauge({
    ...configuration(name, registry),
    collect() {
      gauge.reset();
      gauge.remove({}); // a reset sets a gauge without labels to zero, and zero is a statement
      for (const [labels, value] of gauges[name](from())) if (value !== undefined) gauge.set(labels, value);
    },
  });
}
