import { describe, expect, test } from 'vitest';

import { refuse } from '../../src/core/authority/refusal.ts';
import { principalId, runId } from '../../src/core/kernel/ids.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { createConductor } from '../../src/runs/conductor.ts';
import { loadRun } from '../../src/runs/recorded-run.ts';
import { aPlan, dana, planHash, recordedPlan, run, target } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryJournal } from '../support/memory-journal.ts';

const next = runId('run-2');
const open = { kind: 'open', plan: recordedPlan(), environment: 'staging', target, by: dana } as const;
const hold = { kind: 'hold', by: dana, reason: 'coffee' } as const;

test.each([
  { meantFor: run, held: false },
  { meantFor: next, held: true },
  { meantFor: undefined, held: true },
])('an act for $meantFor whose turn comes when the next run is open: held $held', async ({ meantFor, held }) => {
  const conductor = createConductor({
    journal: memoryJournal(),
    plan: aPlan(),
    clock: fakeClock(),
    hide: hidesNothing.kept,
    refuseEnded: () => undefined,
  });
  await conductor.open({ ...open, run });
  const answers = await Promise.all([
    conductor.submit({ kind: 'close', by: dana, reason: 'over' }, run),
    conductor.open({ ...open, run: next }),
    conductor.submit(hold, meantFor),
  ]);
  expect(conductor.state()).toMatchObject({ run: next });
  expect(conductor.state()?.held !== undefined).toBe(held);
  const found = `run ${run} is closed`;
  if (!held) expect(answers[2]).toMatchObject({ refused: { because: 'closed', found } });
});

describe('an input whose sender’s token ended before its turn', () => {
  const ended = refuse('unknown-token', 'the token of dana was revoked', 'a token that counts', 'Ask somebody else');
  let counts = true;
  const refuseEnded = (by: string) => (by === dana.id && !counts ? ended : undefined);
  const start = () => {
    counts = true;
    const parts = { plan: aPlan(), clock: fakeClock(), hide: hidesNothing.kept, refuseEnded };
    return createConductor({ journal: memoryJournal(), ...parts });
  };

  test('is refused, and nothing of it is stored', async () => {
    const conductor = start();
    await conductor.open({ ...open, run });
    const answers = [conductor.submit(hold), conductor.submit({ ...hold, by: { ...dana, id: principalId('erin') } })];
    counts = false;
    expect(await answers[0]).toEqual({ refused: ended });
    expect(await answers[1]).toMatchObject({ events: [{ type: 'run-held' }] });
  });

  test('opens no run', async () => {
    const conductor = start();
    counts = false;
    expect(await conductor.open({ ...open, run })).toEqual({ refused: ended });
    expect(conductor.state()).toBeUndefined();
  });
});

describe('a run that was open when the daemon started', () => {
  async function stored() {
    const journal = memoryJournal();
    const parts = { journal, plan: aPlan(), clock: fakeClock(), hide: hidesNothing.kept, refuseEnded: () => undefined };
    await createConductor(parts).open({ ...open, run });
    return { journal, conductor: createConductor({ ...parts, state: await loadRun(journal, run) }) };
  }

  test.each([
    { input: hold },
    { input: { kind: 'revoked', principals: [dana.id] } },
    { input: { kind: 'evaluation', verdicts: [], blind: [], unrecorded: millis(0) } },
    { input: { kind: 'arm', by: dana, planHash } },
  ] as const)('takes no $input.kind before its restart is recorded, and writes nothing', async ({ input }) => {
    const { journal, conductor } = await stored();
    await expect(conductor.submit(input)).rejects.toThrow(
      `the restart must be recorded before anything else: ${input.kind}`,
    );
    expect(journal.entries.map(({ event }) => event.type)).toEqual(['run-opened', 'plan-recorded']);
    await conductor.submit({ kind: 'restart', plan: recordedPlan() });
    await conductor.submit(input);
    expect(journal.entries[2]?.event.type).toBe('guard-restarted');
  });

  test('takes nothing if the restart could not be written', async () => {
    const { journal, conductor } = await stored();
    journal.full = true;
    await expect(conductor.submit({ kind: 'restart', plan: recordedPlan() })).rejects.toThrow('it is full');
    journal.full = false;
    await expect(conductor.submit(hold)).rejects.toThrow('the restart must be recorded');
  });
});

describe('when the machine’s clocks ran ahead of the guard’s', () => {
  const hours = 3_600_000;
  const armed = async () => {
    const clock = fakeClock();
    const plan = aPlan();
    const hide = hidesNothing.kept;
    const journal = memoryJournal();
    const conductor = createConductor({ journal, plan, clock, hide, refuseEnded: () => undefined });
    await conductor.open({ ...open, run });
    await conductor.submit({
      kind: 'pre-approve',
      by: dana,
      planHash,
      preApproval: plan.pre_approvals[0]!.id as never,
    });
    const types = async () => (await journal.read(run)).map(({ event }) => event.type);
    const until = () => conductor.state()?.authority.preApprovals[0]?.until;
    return { clock, conductor, types, until };
  };
  const look = { kind: 'evaluation', verdicts: [], blind: [], unrecorded: millis(0) } as const;

  test('that is recorded before the next decision', async () => {
    const { clock, conductor, types } = await armed();
    clock.setWall(1_000 * hours);
    await conductor.submit(hold);
    expect((await types()).slice(-2)).toEqual(['clock-ran-ahead', 'run-held']);
    await conductor.submit(look);
    expect((await types()).slice(-2)).toEqual(['run-held', 'pre-approval-ended']);
  });

  test('it is recorded once, and again for each further step; nothing is restored when the clock is set back', async () => {
    const { clock, conductor, types, until } = await armed();
    const before = until()!;
    for (const wall of [1, 1, 0, 0, 1]) {
      clock.setWall(wall * hours);
      await conductor.submit(look);
    }
    expect((await types()).filter((type) => type === 'clock-ran-ahead')).toHaveLength(2);
    expect(until()).toBe(before - 2 * hours);
  });

  test('authority given afterwards has its full time', async () => {
    const { clock, conductor, types, until } = await armed();
    const before = until()!;
    await conductor.submit({ kind: 'close', by: dana, reason: 'over' });
    clock.setWall(hours);
    await conductor.open({ ...open, run: next });
    await conductor.submit({
      kind: 'pre-approve',
      by: dana,
      planHash,
      preApproval: aPlan().pre_approvals[0]!.id as never,
    });
    expect(until()).toBe(before);
    expect(await types()).not.toContain('clock-ran-ahead');
  });

  test('it is recorded the next time if it could not be written', async () => {
    const clock = fakeClock();
    let full = false;
    const journal = memoryJournal();
    const append: typeof journal.append = (...all) =>
      full ? Promise.reject(new Error('full')) : journal.append(...all);
    const parts = { plan: aPlan(), clock, hide: hidesNothing.kept, refuseEnded: () => undefined };
    const conductor = createConductor({ journal: { ...journal, append }, ...parts });
    await conductor.open({ ...open, run });
    clock.setWall(hours);
    full = true;
    await expect(conductor.submit(look)).rejects.toThrow('full');
    full = false;
    await conductor.submit(look);
    expect((await journal.read(run)).map(({ event }) => event.type)).toEqual([
      'run-opened',
      'plan-recorded',
      'clock-ran-ahead',
    ]);
  });
});
