import { describe, expect, test } from 'vitest';

import { hours, instant, millis, minutes, seconds } from '../../../src/core/kernel/units.ts';
import { judgeClock, offsetBetween, sayClock, suspectClock, whenAhead } from '../../../src/core/run/wall-clock.ts';
import { at, broken, dana, schema, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

describe('the guard’s clock and the wall clock', () => {
  test.each([
    { offset: 0, verdict: 'agree' },
    { offset: 60_000, verdict: 'agree' },
    { offset: -60_000, verdict: 'agree' },
    { offset: 60_001, verdict: 'wall-ahead' },
    { offset: -60_001, verdict: 'wall-behind' },
    { offset: 6 * 3_600_000, verdict: 'wall-ahead' },
  ])('$verdict where they differ by $offset ms', ({ offset, verdict }) => {
    expect(judgeClock(millis(offset))).toBe(verdict);
    expect(suspectClock(millis(offset))).toEqual(verdict === 'agree' ? [] : ['wall-clock']);
    expect(sayClock(millis(offset)) === undefined).toBe(verdict === 'agree');
  });

  test('the message says which clock is ahead, by how much, and what to do', () => {
    expect(sayClock(hours(6))).toMatch(
      /^the wall clock is 6h ahead of the guard’s clock.* the guard asks before it acts/,
    );
    expect(sayClock(minutes(-2))).toMatch(/^the wall clock is 2m behind .*restart the daemon/);
  });

  test.each([
    { when: 'nothing came between', before: 100, wall: 350, then: 100, offset: 250 },
    { when: 'the process stood still in between', before: 100, wall: 350, then: 400, offset: 0 },
    {
      when: 'it stood still, and the wall clock is ahead of all of it',
      before: 100,
      wall: 900,
      then: 400,
      offset: 500,
    },
    { when: 'it stood still, and the wall clock is behind all of it', before: 100, wall: 50, then: 400, offset: -50 },
  ])('differ by no more than is sure: $when', ({ before, wall, then, offset }) => {
    expect(offsetBetween(instant(before), instant(wall), instant(then))).toBe(offset);
  });
});

describe('how far the machine’s clocks are ahead', () => {
  test.each([
    { was: 0, is: 0, level: 0, by: undefined },
    { was: 0, is: 60, level: 0, by: undefined }, // no larger than the step that a restart ignores
    { was: 0, is: 61, level: 61, by: 61 },
    { was: 50, is: 100, level: 50, by: undefined },
    { was: 7_200, is: 7_200, level: 7_200, by: undefined },
    { was: 7_200, is: 14_400, level: 14_400, by: 7_200 },
    { was: 7_200, is: 0, level: 0, by: undefined }, // a clock that is set back restores nothing
  ])('was $was s and is $is s: told $by', ({ was, is, level, by }) => {
    const expected = { level: seconds(level), ...(by !== undefined && { by: seconds(by) }) };
    expect(whenAhead(seconds(was), seconds(is))).toEqual(expected);
  });
});

describe('permissions end sooner by as much as the machine’s clocks ran ahead', () => {
  const armed = () => new Night().baseline().arm();
  const leap = (night: Night, length: number, second: number) =>
    night.give({ kind: 'clock-ahead', length: seconds(length) }, second);

  test('arming and pre-approvals', () => {
    const night = armed();
    const { armed: before, preApprovals } = night.state.authority;
    leap(night, 3_600, 80);
    expect(night.state.authority.armed?.until).toBe(before!.until - 3_600_000);
    expect(night.state.authority.preApprovals.map(({ until }) => until)).toEqual(
      preApprovals.map(({ until }) => until - 3_600_000),
    );
    leap(night, 48 * 3_600, 81);
    expect(night.look([broken('ok')], 82)).toEqual(expect.arrayContaining(['arming-expired', 'pre-approval-ended']));
    expect(night.state.authority).toMatchObject({ preApprovals: [] });
    expect(night.state.authority.armed).toBeUndefined();
  });

  test('an open recommendation and its approvals, but not later ones', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.finish(security, 20);
    night.look([broken('breach')], 30);
    const [open] = night.state.recommendations;
    leap(night, 24 * 3_600, 40);
    expect(night.state.recommendations[0]?.expiresAt).toBe(open!.expiresAt - 24 * 3_600_000);
    expect(night.approve(1, dana, 41)).toBe('expired');
    expect(night.look([broken('breach')], 42)).toEqual(['recommendation-expired', 'recommendation-raised']);
    const length = open!.expiresAt - open!.raisedAt;
    expect(night.state.recommendations[1]!.expiresAt - at(42)).toBe(length);
    expect(night.look([broken('breach')], 43)).toEqual([]); // it is not raised again every second
  });

  test('while the clocks differ, the guard does not act without approval, no phase starts, and nobody can arm the run', () => {
    const blind = {
      kind: 'evaluation',
      verdicts: [broken('breach')],
      blind: ['wall-clock'],
      unrecorded: millis(0),
    } as const;
    const night = armed();
    night.start(security, 10);
    night.finish(security, 20);
    expect(night.give(blind, 90)).toEqual(expect.arrayContaining(['guard-blinded', 'recommendation-raised']));
    expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual([
      expect.stringMatching(/^its clock and the wall clock differ by more than a minute/),
    ]);
    night.give({ kind: 'disarm', by: dana, reason: 'to arm it again' }, 91);
    expect(night.give({ kind: 'arm', by: dana }, 92)).toBe('not-ready');
    expect(night.refused?.missing).toEqual([expect.stringMatching(/its clock and the wall clock differ/)]);
    night.decline(1, dana, 93);
    expect(night.start(schema, 94)).toBe('blind');
  });
});
