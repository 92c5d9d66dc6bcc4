import { hashOf } from '../kernel/hash.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import { consequences, type Fault, type Finding, freshFaults } from './finding.ts';

/** So many faults of one check are named at most, and with so much text: whoever makes faults chooses how many and how they are called. */
export const mostNamed = 100;
const mostText = 40_000;

/** Since when each faulty object is seen, by its name. */
export type FaultsSince = ReadonlyMap<string, Instant>;

/** Whether there are more than are named. */
export function areMany(faults: readonly Fault[]): boolean {
  if (faults.length > mostNamed) return true;
  return faults.reduce((sum, { object, what }) => sum + object.length + what.length, 0) > mostText;
}

const gravity = ({ consequence }: Fault): number => consequences.indexOf(consequence);

/** The gravest first, of these the newest, of these by name: what has just come up is never behind what was there before. */
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

/** Those that are named of so many: all of them, as they are, where they are few. */
export const namedOf = (faults: readonly Fault[], since?: FaultsSince): readonly Fault[] =>
  areMany(faults) ? within(ordered(faults, since)) : faults;

/** The same for the same objects, in whatever order they were seen. */
export const hashOfFaults = (faults: readonly Fault[]): Hash =>
  hashOf(faults.map(({ object, consequence }) => `${consequence} ${object}`).toSorted());

/**
 * As it is recorded and told. What is compared later, in a baseline or a boundary, keeps every fault; of all others those that
 * the baseline does not show come first, and of the rest there are a number and a hash.
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
