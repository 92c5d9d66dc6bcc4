import { expect, test } from 'vitest';

import { instant } from '../../../src/core/kernel/units.ts';
import { hoursOfDay, isWithin, moment } from '../../../src/core/plan/moments.ts';

test.each([
  { text: '2027-02-01', at: Date.UTC(2027, 1, 1) },
  { text: '2027-02-01T18:00Z', at: Date.UTC(2027, 1, 1, 18) },
  { text: '2027-02-01T18:00:30+01:00', at: Date.UTC(2027, 1, 1, 17, 0, 30) },
  { text: '2028-02-29', at: Date.UTC(2028, 1, 29) },
  { text: '2027-02-29', at: undefined }, // there is no such day
  { text: '2027-13-01', at: undefined },
  { text: '2027-02-01T25:00Z', at: undefined },
  { text: '2027-02-01T18:00', at: undefined }, // where?
  { text: '2027-02-01 18:00Z', at: undefined },
  { text: '1 February 2027', at: undefined },
  { text: '', at: undefined },
])('the moment "$text" is $at', ({ text, at }) => {
  expect(moment.safeParse(text).data).toBe(at);
});

const clock = (text: string) => instant(Date.parse(`2026-11-22T${text}Z`));

test.each([
  { hours: '08:00-18:00', at: '08:00:00', is: true },
  { hours: '08:00-18:00', at: '07:59:59', is: false },
  { hours: '08:00-18:00', at: '17:59:59', is: true },
  { hours: '08:00-18:00', at: '18:00:00', is: false },
  { hours: '22:00-06:00', at: '22:00:00', is: true },
  { hours: '22:00-06:00', at: '23:59:59', is: true },
  { hours: '22:00-06:00', at: '00:00:00', is: true },
  { hours: '22:00-06:00', at: '05:59:59', is: true },
  { hours: '22:00-06:00', at: '06:00:00', is: false },
  { hours: '22:00-06:00', at: '12:00:00', is: false },
  { hours: '18:00-24:00', at: '23:59:59', is: true },
  { hours: '18:00-24:00', at: '00:00:00', is: false },
  { hours: '18:00-00:00', at: '23:59:59', is: true },
  { hours: '18:00-00:00', at: '00:00:00', is: false },
])('$at is within $hours: $is', ({ hours, at, is }) => {
  expect(isWithin(hoursOfDay.parse(hours), clock(at))).toBe(is);
});

test.each(['08:00-08:00', '24:00-06:00', '08:00-24:01', '8:00-18:00', '08:60-18:00', '08:00', '', 'at night'])(
  'the hours "%s" are refused',
  (text) => {
    expect(hoursOfDay.safeParse(text).success).toBe(false);
  },
);
