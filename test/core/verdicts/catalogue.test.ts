import { describe, expect, test } from 'vitest';

import type { Consequence, Fault, Finding } from '../../../src/core/evidence/finding.ts';
import { checkId } from '../../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../../src/core/kernel/units.ts';
import { catalogueVerdict } from '../../../src/core/verdicts/catalogue.ts';
import { type CheckHistory, noteFinding } from '../../../src/core/verdicts/checks.ts';
import { faultKeysOf } from '../../../src/core/verdicts/verdict.ts';
import { at } from '../../support/builders.ts';

const fault = (object: string, consequence: Consequence = 'veto', lasting?: number): Fault => ({
  object,
  what: 'is broken',
  consequence,
  ...(lasting !== undefined && { lasting: seconds(lasting) }),
});
const saw = (second: number, ...faults: readonly Fault[]): Finding => ({
  check: checkId('orphans'),
  status: faults.length === 0 ? 'ok' : 'breach',
  at: at(second),
  took: millis(1),
  summary: 'summed up',
  faults,
});
const inPart = (second: number, ...faults: readonly Fault[]): Finding => ({
  ...saw(second, ...faults),
  unseen: 'not looked at: c',
});
const blind = (second: number, more: Partial<Finding> = {}): Finding => ({
  check: checkId('orphans'),
  status: 'unknown',
  at: at(second),
  took: millis(1),
  summary: 'could not look',
  ...more,
});
const verdictOf = (findings: readonly Finding[], baseline?: Finding) =>
  catalogueVerdict('orphans', findings.reduce<CheckHistory | undefined>(noteFinding, undefined), baseline, seconds(60));

test.each<{ when: string; findings: readonly Finding[]; baseline?: Finding; is: object }>([
  { when: 'it was never asked', findings: [], is: { status: 'unknown', because: 'never-asked' } },
  { when: 'nothing is wrong', findings: [saw(0)], is: { status: 'ok', because: 'well', warning: false } },
  {
    when: 'a veto is seen',
    findings: [saw(0, fault('a'))],
    is: { status: 'breach', because: 'breach', objects: ['a'], summary: 'orphans: a is broken (since 02:00:00)' },
  },
  {
    when: 'the baseline shows it too',
    findings: [saw(9, fault('a'))],
    baseline: saw(0, fault('a')),
    is: { status: 'ok', because: 'known', warning: false },
  },
  {
    when: 'another object is at fault beside a known one',
    findings: [saw(9, fault('a'), fault('b'))],
    baseline: saw(0, fault('a')),
    is: { status: 'breach', objects: ['b'] },
  },
  {
    when: 'something must last, and has not yet',
    findings: [saw(0, fault('a', 'sustained')), saw(60, fault('a', 'sustained'))],
    is: { status: 'ok', because: 'broken-pending', warning: true, objects: ['a'] },
  },
  {
    when: 'it has lasted for strictly longer',
    findings: [saw(0, fault('a', 'sustained')), saw(60.001, fault('a', 'sustained'))],
    is: { status: 'breach', objects: ['a'] },
  },
  {
    when: 'another object took its place in between',
    findings: [saw(0, fault('a', 'sustained')), saw(61, fault('b', 'sustained'))],
    is: { status: 'ok', because: 'broken-pending' },
  },
  {
    when: 'it must last for a time of its own',
    findings: [saw(0, fault('a', 'sustained', 2)), saw(3, fault('a', 'sustained', 2))],
    is: { status: 'breach' },
  },
  {
    when: 'a look in between could not look',
    findings: [saw(0, fault('a', 'sustained')), blind(30), saw(61, fault('a', 'sustained'))],
    is: { status: 'breach' },
  },
  {
    when: 'a look in between could not see it, and saw another',
    findings: [saw(0, fault('a', 'sustained')), inPart(30, fault('b', 'note')), saw(61, fault('a', 'sustained'))],
    is: { status: 'breach', objects: ['a'] },
  },
  {
    when: 'it could not see everything, and saw a breach',
    findings: [inPart(0, fault('a'))],
    is: { status: 'breach', objects: ['a'], inPart: true },
  },
  {
    when: 'it could not see everything, and saw what is known',
    findings: [inPart(0, fault('a'))],
    baseline: saw(0, fault('a')),
    is: { status: 'unknown', because: 'could-not-look', summary: 'orphans: not looked at: c' },
  },
  {
    when: 'it could not see everything, and saw what is evidence only',
    findings: [inPart(0, fault('a', 'note'))],
    is: { status: 'unknown', because: 'could-not-look', summary: 'orphans: not looked at: c; a is broken' },
  },
  { when: 'it holds phases up', findings: [saw(0, fault('a', 'hold'))], is: { status: 'ok', because: 'holds' } },
  { when: 'it is evidence only', findings: [saw(0, fault('a', 'note'))], is: { status: 'ok', because: 'noted' } },
  { when: 'it could not look', findings: [saw(0), blind(9)], is: { status: 'unknown', because: 'could-not-look' } },
  {
    when: 'it counts from the next look on',
    findings: [blind(9, { warmingUp: true })],
    is: { status: 'unknown', because: 'never-asked' },
  },
])('when $when: $is', ({ findings, baseline, is }) => {
  expect(verdictOf(findings, baseline)).toMatchObject(is);
});

test('a sentence names three of many faults, but all of them count', () => {
  const verdict = verdictOf([saw(0, ...['a', 'b', 'c', 'd', 'e'].map((object) => fault(object)))]);
  expect(verdict.summary).toContain('a is broken; b is broken; c is broken; and 2 more');
  expect(verdict.objects).toHaveLength(5);
});

describe('faults are identified', () => {
  test('by object where there are objects', () => {
    expect(faultKeysOf(verdictOf([saw(0, fault('a'), fault('b'))]))).toEqual([
      'integrity:orphans:a',
      'integrity:orphans:b',
    ]);
  });
  test('by the verdict’s key otherwise', () => {
    expect(faultKeysOf(verdictOf([saw(0)]))).toEqual(['integrity:orphans']);
  });
});

const phases = (one: Fault): Fault => ({ ...one, seen: 'maker' });

test('only people act on faults that no phase was seen to cause, unless a phase was seen to cause another one', () => {
  const others = { ...fault('a'), onlyRecommend: 'it belongs to somebody else' };
  expect(verdictOf([saw(0, others)])).toMatchObject({ status: 'breach', onlyRecommend: 'it belongs to somebody else' });
  expect(verdictOf([saw(0, fault('b'))])).toMatchObject({
    onlyRecommend: 'only the time points to a phase, and nothing shows that it did this',
  });
  expect(verdictOf([saw(0, others, phases(fault('b')))])).not.toHaveProperty('onlyRecommend');
  expect(verdictOf([saw(0, others, phases(fault('b', 'note')))])).toHaveProperty('onlyRecommend');
});

test('the time in which somebody else caused a fault does not count against a phase', () => {
  const lasts = phases(fault('a', 'sustained', 10));
  const others = { ...lasts, onlyRecommend: 'it belongs to somebody else' };
  const since = [saw(0, others), saw(20, others), saw(25, lasts)];
  expect(verdictOf(since)).toMatchObject({
    status: 'breach',
    onlyRecommend: 'as far as is known, others caused it before 02:00:25',
  });
  expect(verdictOf([...since, blind(30), saw(35, lasts)])).toHaveProperty('onlyRecommend');
  expect(verdictOf([...since, blind(30), saw(36, lasts)])).not.toHaveProperty('onlyRecommend');
  expect(verdictOf([...since, saw(30, others), saw(36, lasts)])).toHaveProperty('onlyRecommend');
  expect(verdictOf([saw(0, lasts), saw(11, lasts)])).not.toHaveProperty('onlyRecommend');
});
