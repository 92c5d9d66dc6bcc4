import { expect, test } from 'vitest';
import type { z } from 'zod';

import {
  command,
  duration,
  estimate,
  id,
  longerThan,
  rate,
  slowerThan,
  text,
} from '../../../src/core/plan/quantities.ts';

const read = (schema: z.ZodType, given: unknown): unknown => {
  const result = schema.safeParse(given);
  return result.success ? result.data : result.error.issues[0]?.message;
};
const noDuration = 'wanted a duration above zero and of at most ten years, such as 500ms, 10s, 5m or 1h30m';
const noEstimate = 'wanted an estimate such as 30m or 3h-4h';
const noPercentage = 'wanted a percentage from 0.1% to 10000%, such as 50%';
const noRate = 'wanted a rate from 0.001 per year to 1 per day, such as 1 per year';
const noMultiple = 'wanted a multiple from 1x to 100x, such as 2x';

test.each([
  ['500ms', 500],
  ['0.5ms', 0.5],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['3660d', 316_224_000_000],
  ['3660d1ms', noDuration],
  [`${'9'.repeat(400)}h`, noDuration],
  ['0s', noDuration],
  ['-1s', noDuration],
  ['10', noDuration],
  ['10 s', noDuration],
  ['1:30', noDuration],
  ['', noDuration],
  [10, 'wanted a duration such as 500ms, 10s, 5m or 1h30m'],
])('%j as a duration is %j', (given, result) => {
  expect(read(duration, given)).toBe(result);
});

test.each([
  ['30m', 1_800_000],
  ['3h-4h', 14_400_000],
  ['3h - 4h', 14_400_000],
  ['1h-1h', 3_600_000],
  ['0s-1s', 1_000],
  ['4h-3h', noEstimate],
  ['0s', noEstimate],
  ['0s-0s', noEstimate],
  ['1h-', noEstimate],
  ['-1h', noEstimate],
  ['1h-2h-3h', noEstimate],
  ['1h-3661d', noEstimate],
  ['soon', noEstimate],
])('%j as an estimate is %j', (given, result) => {
  expect(read(estimate, given)).toBe(result);
});

test.each([
  ['1 per year', 1],
  ['1 per month', 12],
  ['0.5 per week', 365 / 14],
  ['1 per day', 365],
  ['2 per day', noRate],
  ['0.0001 per year', noRate],
  ['0 per year', noRate],
  ['1/year', noRate],
  ['1 per hour', noRate],
  [1, 'wanted a rate such as 1 per year'],
])('%j as a rate is %j in a year', (given, result) => {
  expect(read(rate, given)).toBe(result);
});

test.each([
  ['50%', 1.5],
  ['100%', 2],
  ['0.1%', 1.001],
  ['12.5%', 1.125],
  ['10000%', 101],
  ['10001%', noPercentage],
  ['0%', noPercentage],
  ['0.00000000000000001%', noPercentage],
  ['-50%', noPercentage],
  ['50', noPercentage],
  ['1.5x', noPercentage],
  [50, 'wanted a percentage such as 50%'],
])('slower than %j is a ratio of %j', (given, result) => {
  expect(read(slowerThan, given)).toBe(result);
});

test.each([
  ['2x', 2],
  ['1x', 1],
  ['1.25x', 1.25],
  ['100x', 100],
  ['100.1x', noMultiple],
  ['0.99x', noMultiple],
  ['0x', noMultiple],
  ['2', noMultiple],
  ['200%', noMultiple],
  [2, 'wanted a multiple such as 2x'],
])('longer than %j is a ratio of %j', (given, result) => {
  expect(read(longerThan, given)).toBe(result);
});

const noId = 'wanted an id of lower-case letters, digits, - and _, starting with a letter';
test.each([
  [id, 'a', 'a'],
  [id, 'phase-1_b', 'phase-1_b'],
  [id, '1a', noId],
  [id, 'a-', noId],
  [id, 'a--b', noId],
  [id, 'Å', noId],
  [text, '', 'wanted text that is not empty'],
  [text, null, 'wanted text'],
  [command, ['node', ''], 'wanted text that is not empty'],
  [command, [], 'wanted a list with at least the program'],
  [command, 'node x.ts', 'wanted a list: the program, then each of its arguments'],
])('%# an id, a text or a command', (schema, given, result) => {
  expect(read(schema, given)).toBe(result);
});
