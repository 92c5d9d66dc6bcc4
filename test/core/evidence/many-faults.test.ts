import { expect, test } from 'vitest';

import type { Consequence, Fault, Finding } from '../../../src/core/evidence/finding.ts';
import { hashOfFaults, mostNamed, namedOf, withNamedFaults } from '../../../src/core/evidence/many-faults.ts';
import { checkId } from '../../../src/core/kernel/ids.ts';
import { millis } from '../../../src/core/kernel/units.ts';
import { at } from '../../support/builders.ts';

const fault = (object: string, consequence: Consequence = 'veto'): Fault => ({ object, what: 'is new', consequence });
const many = (count: number, of = 'made', consequence?: Consequence): readonly Fault[] =>
  Array.from({ length: count }, (_, place) => fault(`${of} ${String(place).padStart(6, '0')}`, consequence));
const saw = (faults: readonly Fault[]): Finding => ({
  check: checkId('definer-functions'),
  status: 'breach',
  at: at(0),
  took: millis(1),
  summary: '',
  faults,
});
const objectsOf = (faults: readonly Fault[] | undefined) => faults?.map(({ object }) => object);

test('a few faults are all named, in the order in which they were seen', () => {
  const few = [fault('b'), fault('a')];
  expect(namedOf(few)).toBe(few);
  expect(withNamedFaults(saw(few), undefined).faults).toBe(few);
});

test('of many faults the gravest are named first, then the newest', () => {
  const faults = [...many(20_000, 'noted', 'note'), ...many(20_000), fault('z, the phase’s')];
  const since = new Map(faults.map(({ object }) => [object, at(object.startsWith('z') ? 60 : 10)]));
  const named = objectsOf(namedOf(faults, since));
  expect(named).toHaveLength(mostNamed);
  expect(named?.slice(0, 3)).toEqual(['z, the phase’s', 'made 000000', 'made 000001']);
});

test('long names are listed as far as there is room, but at least one', () => {
  const long = many(10, 'x'.repeat(20_000));
  expect(namedOf(long)).toHaveLength(1);
  expect(namedOf(many(1, 'x'.repeat(100_000)))).toHaveLength(1);
});

test('a new fault besides 20,000 known ones is recorded with the total number', () => {
  const known = many(20_000);
  const finding = withNamedFaults(saw([...known, fault('z')]), saw(known));
  expect(objectsOf(finding.faults)?.[0]).toBe('z');
  expect(finding.faults).toHaveLength(mostNamed);
  expect(finding.cut).toEqual({ faults: 20_001, fresh: 1, hash: hashOfFaults([fault('z')]) });
});

test('the hash of many faults does not depend on their order, and changes with each fault', () => {
  const faults = many(1_000);
  expect(hashOfFaults(faults.toReversed())).toBe(hashOfFaults(faults));
  expect(hashOfFaults([...faults, fault('z')])).not.toBe(hashOfFaults(faults));
  expect(hashOfFaults(faults.with(0, fault('made 000000', 'note')))).not.toBe(hashOfFaults(faults));
});
