import { expect, test } from 'vitest';

import type { Reading } from '../../src/core/evidence/reading.ts';
import { noteProbeIssues } from '../../src/monitoring/probe-issues.ts';
import { answered, missing } from '../support/builders.ts';

const because = (second: number, reason: string): Reading => ({
  ...missing(second),
  state: 'missing',
  because: reason,
});

test('a reason is logged once, until the probe recovers or has another reason', () => {
  const told: string[] = [];
  const tell = (facts: object, text: string) => told.push(`${text} ${'because' in facts ? String(facts.because) : ''}`);
  const issues = noteProbeIssues({ warn: tell, info: tell });
  expect(issues.list()).toEqual([]);
  for (const reading of [
    because(0, 'the newest value is 16 s old'),
    because(1, 'the newest value is 17 s old'),
    missing(2),
    because(3, 'the query yields nothing'),
  ]) {
    issues.saw(reading);
  }
  expect(issues.list()).toEqual(['molecule-search: the query yields nothing']);
  issues.saw(answered(4, 20));
  expect(issues.list()).toEqual([]);
  issues.saw(because(5, 'the query yields nothing'));
  expect(told).toEqual([
    'no reading of the probe the newest value is 16 s old',
    'no reading of the probe the query yields nothing',
    'the probe is answered again ',
    'no reading of the probe the query yields nothing',
  ]);
});
