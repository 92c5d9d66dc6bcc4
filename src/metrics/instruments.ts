import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { families, type FamilyName, type GuardGauge, type LabelsOf, type NamesOf } from './families.ts';
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

export const gauge = <Name extends NamesOf<'gauge'>>(name: Name, registry: Registry): Gauge<LabelOf<Name>> =>
  new Gauge<LabelOf<Name>>(configuration(name, registry));

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
export function derivedGauge(name: GuardGauge, registry: Registry, from: () => Snapshot): void {
  const derived: Gauge = new Gauge({
    ...configuration(name, registry),
    collect() {
      derived.reset();
      derived.remove({}); // a reset sets a gauge without labels to zero, and zero is a statement
      for (const [labels, value] of gauges[name](from())) if (value !== undefined) derived.set(labels, value);
    },
  });
}
