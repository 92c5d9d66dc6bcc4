import { hashOf } from '../kernel/hash.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import { consequences, type Fault, type Finding, freshFaults } from './finding.ts';

/** The number of faults named per check, and of characters, are limited: an attacker can create faults with any names. */
export const mostNamed = 100;
const mostText = 40_000;

/** Since when each faulty object has been seen, by its name. */
export type FaultsSince = ReadonlyMap<string, Instant>;

/** Whether there are more faults than a finding names. */
export function areMany(faults: readonly Fault[]): boolean {
  if (faults.length > mostNamed) return true;
  return faults.reduce((sum, { object, what }) => sum + object.length + what.length, 0) > mostText;
}

const gravity = ({ consequence }: Fault): number => consequences.indexOf(consequence);

/** Gravest first, then newest, then by name, so that a fault that has just appeared is never hidden behind older ones. */
function ordered(faults: readonly Fault[], since: FaultsSince | undefined): readonly Fault[] {
  return faults
    .map((fault) => ({ fault, grave: gravity(fault), at: since?.get(fault.object) ?? 0 }))
    .toSorted((a, b) => b.grave - a.grave || b.at - a.at || (a.fault.object < b.fault.object ? -1 : 1))
    .map(({ fault }) => fault);
}

function within(faults: readonly Fault[]): readonly Fault[] {
  let text = 0;
  const end = faults.findIndex(({ object, what }, place) => {
    text += object.length + what.length;
    return place > 0 && (place >= mostNamed || text > mostText);
  });
  return end < 0 ? faults : faults.slice(0, end);
}

/** The faults to name: all of them, in their order, if they are few. */
export const namedOf = (faults: readonly Fault[], since?: FaultsSince): readonly Fault[] =>
  areMany(faults) ? within(ordered(faults, since)) : faults;

/** The same for the same objects, in whatever order they were seen. */
export const hashOfFaults = (faults: readonly Fault[]): Hash =>
  hashOf(faults.map(({ object, consequence }) => `${consequence} ${object}`).toSorted());

/**
 * The finding for the journal and for messages. Baselines and boundaries keep every fault, because they are compared later.
 * Other findings name the faults that are not in the baseline first; the rest is a number and a hash.
 */
export function withNamedFaults(finding: Finding, inBaseline: Finding | undefined, since?: FaultsSince): Finding {
  const { faults } = finding;
  if (faults === undefined || !areMany(faults)) return finding;
  const fresh = freshFaults(finding, inBaseline);
  const isFresh = new Set(fresh);
  const known = faults.filter((fault) => !isFresh.has(fault));
  const named = within([...ordered(fresh, since), ...ordered(known, since)]);
  return { ...finding, faults: named, cut: { faults: faults.length, fresh: fresh.length, hash: hashOfFaults(fresh) } };
}
