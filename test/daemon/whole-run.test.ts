import { expect, test } from 'vitest';

import type { PhaseId } from '../../src/core/kernel/ids.ts';
import { hours, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { modeOf, rollbackOf, stageOf } from '../../src/core/run/state.ts';
import {
  planHash,
  aPlan,
  atNight,
  boundaryOf,
  dana,
  finding,
  pipeline,
  run,
  schema,
  search,
  security,
  supervisor,
} from '../support/builders.ts';
import { type Box, guardInABox } from '../support/guard-in-a-box.ts';
import { watchIn } from '../../src/core/run/response.ts';

const plan = aPlan({ prerequisites: { proved_backups: 1 }, phase_lease: '1m' });

async function armed(): Promise<Box> {
  const box = await guardInABox(plan, run);
  const { conductor } = box;
  await box.baseline(minutes(5));
  for (const requirement of ['rehearsal', 'proved-backups']) {
    await conductor.submit({ kind: 'waive', planHash, requirement, by: dana, reason: 'a test' });
  }
  await conductor.submit({ kind: 'pre-approve', planHash, preApproval: atNight, by: dana });
  await conductor.submit({ kind: 'arm', planHash, by: dana });
  return box;
}

async function start({ conductor, clock }: Box, phase: PhaseId): Promise<void> {
  const boundary = boundaryOf(phase, clock.now());
  expect(await conductor.submit({ kind: 'phase-start', phase, by: pipeline, supervisor, boundary })).toHaveProperty(
    'events',
  );
}

async function through(box: Box, phase: PhaseId): Promise<void> {
  await start(box, phase);
  await box.clock.advance(minutes(2));
  await box.conductor.submit({ kind: 'phase-finish', phase, by: pipeline });
  await box.clock.advance(minutes(1));
}

test('a phase that slows the search down is detected, undone, proved and watched for an hour', async () => {
  await using box = await armed();
  const { conductor, clock, world } = box;
  await through(box, security);
  expect(stageOf(conductor.state()!)).toBe('open');

  await start(box, schema);
  world.latency = (probe) => millis(probe === search ? 90 : 20);
  world.take = (step) => {
    if (step.kind === 'command') world.latency = () => millis(20);
    return { ended: 'well', output: 'undone' };
  };
  await clock.advance(seconds(45));

  expect(box.types()).toEqual(expect.arrayContaining(['recommendation-raised', 'pre-approval-used', 'rollback-done']));
  expect(world.taken).toEqual([`${schema}/undo`, `${schema}/verify`]);
  expect(conductor.state()).toMatchObject({
    recommendations: [{ state: 'approved', attributedTo: schema, answer: { by: 'pre-approval' } }],
    phases: [{ state: 'finished' }, { state: 'undone' }, {}, {}],
    response: { state: 'watching', watch: { state: 'watching', length: hours(1) } },
  });

  await clock.advance(minutes(58));
  expect(watchIn(conductor.state()!.response)?.state).toBe('watching');
  await clock.advance(minutes(3));
  expect(watchIn(conductor.state()!.response)).toMatchObject({ state: 'settled', relapses: [] });
});

test('the next phase waits until the effect of the last one is judged, and is not blamed for it', async () => {
  await using box = await armed();
  const { conductor, clock, world } = box;
  await start(box, security);
  await clock.advance(minutes(1));
  world.latency = (probe) => millis(probe === search ? 90 : 20);
  await conductor.submit({ kind: 'phase-finish', phase: security, by: pipeline });
  await clock.advance(seconds(2));
  const boundary = boundaryOf(schema, clock.now());
  const next = { kind: 'phase-start', phase: schema, by: pipeline, supervisor, boundary } as const;
  expect(await conductor.submit(next)).toMatchObject({ refused: { because: 'unsettled' } });
  await clock.advance(seconds(45));
  expect(conductor.state()?.recommendations).toMatchObject([{ attributedTo: security }]);
});

test('a slowdown that affects the controls too is recommended and left to people', async () => {
  await using box = await armed();
  await start(box, security);
  box.world.latency = (probe) => millis(probe === search ? 90 : 80);
  await box.clock.advance(minutes(10));
  expect(box.conductor.state()?.recommendations).toMatchObject([
    {
      state: 'open',
      evidence: [{ because: 'slower-like-the-controls', facts: { controlsSlower: 4, ratio: 4.5 } }],
      notAutomaticBecause: ['the controls are slower too, so the cause may be common'],
    },
  ]);
  box.world.latency = (probe) => millis(probe === search ? 90 : 20);
  await box.clock.advance(minutes(1));
  expect(box.types()).toEqual(expect.arrayContaining(['evidence-joined', 'pre-approval-used', 'rollback-started']));
});

test('failing controls delay nobody: slowness is still recommended, and left to people', async () => {
  await using box = await armed();
  const { conductor, clock, world } = box;
  await through(box, security);
  await start(box, schema);
  world.latency = (probe) => (probe === search ? millis(90) : undefined);
  await clock.advance(seconds(45));
  const [recommendation] = conductor.state()!.recommendations;
  expect(recommendation?.evidence[0]?.summary).toContain('the control mostly fails');
  expect(recommendation?.notAutomaticBecause).toEqual(['the controls are slower too, so the cause may be common']);
  expect(rollbackOf(conductor.state())).toBeUndefined();
});

test('answers that take longer than the interval, or never come, are detected too', async () => {
  for (const slowly of [millis(2_500), undefined]) {
    await using box = await armed();
    const { conductor, clock, world } = box;
    await through(box, security);
    await start(box, schema);
    world.latency = (probe) => (probe === search ? slowly : millis(20));
    await clock.advance(seconds(58));
    const [recommendation] = conductor.state()!.recommendations;
    expect(recommendation?.evidence[0]).toMatchObject({ criterion: 'performance', subject: search });
  }
});

test('slowness that ends by itself is recovered, and a late approval must be confirmed explicitly', async () => {
  await using box = await armed();
  const { conductor, clock, world } = box;
  await conductor.submit({ kind: 'disarm', by: dana, reason: 'a test' });
  await start(box, security);
  world.latency = (probe) => millis(probe === search ? 90 : 20);
  await clock.advance(minutes(2));
  world.latency = () => millis(20);
  await clock.advance(minutes(3));
  const verdict = conductor.state()?.verdicts.get(`performance:${search}`);
  expect(verdict).toMatchObject({ verdict: { status: 'ok', because: 'as-before' }, recoveredAt: expect.any(Number) });
  const [open] = conductor.state()?.recommendations ?? [];
  const { id: recommendation, questionId } = open!;
  const of = { recommendation, questionId, by: dana } as const;
  const approve = { kind: 'approve', ...of, reason: 'late', evenIfGone: false } as const;
  expect(await conductor.submit(approve)).toMatchObject({ refused: { because: 'no-longer-seen' } });

  world.latency = (probe) => millis(probe === search ? 90 : 20);
  await clock.advance(minutes(1));
  expect(conductor.state()?.verdicts.get(`performance:${search}`)?.verdict.because).toBe('slower');
});

test('a slowdown exactly at the limit for an hour raises nothing', async () => {
  await using box = await armed();
  await start(box, security);
  box.world.latency = () => millis(30);
  await box.clock.advance(minutes(5));
  await box.conductor.submit({ kind: 'phase-finish', phase: security, by: pipeline });
  await box.clock.advance(minutes(55));
  expect(box.types()).not.toContain('recommendation-raised');
});

test('an unarmed guard asks, the approval is bound, and the rollback relies on it', async () => {
  await using box = await guardInABox(plan, run);
  await box.baseline(minutes(5));
  expect(modeOf(box.conductor.state()!, box.clock.now())).toBe('recommend');
  await start(box, security);
  await box.finding(finding('breach', 0));
  await box.clock.advance(seconds(3));
  const [raised] = box.conductor.state()!.recommendations;
  expect(raised).toMatchObject({
    state: 'open',
    attributedTo: security,
    notAutomaticBecause: expect.arrayContaining(['the run is not armed']),
  });
  expect(box.world.taken).toEqual([]);

  await box.conductor.submit({
    kind: 'approve',
    recommendation: raised!.id,
    questionId: raised!.questionId,
    by: dana,
    reason: 'orphans',
    evenIfGone: false,
  });
  await box.clock.advance(seconds(3));
  expect(rollbackOf(box.conductor.state())).toMatchObject({
    state: 'done',
    trigger: 'approved',
    by: 'dana',
  });
});

test('a killed daemon continues from the journal without repeating completed work', async () => {
  const box = await armed();
  await start(box, security);
  box.world.take = (step) =>
    step.kind === 'verify'
      ? { ended: 'badly', question: 'it differs', output: 'index gone' }
      : { ended: 'well', output: '' };
  await box.finding(finding('breach', 0));
  await box.clock.advance(seconds(3));
  expect(stageOf(box.conductor.state()!)).toBe('blocked');
  await box[Symbol.asyncDispose]();

  await using again = await guardInABox(plan, run, box);
  await again.clock.advance(seconds(5));
  expect(again.world.taken).toEqual([]);
  const [before, now] = [box.conductor.state()!, again.conductor.state()!];
  // Only the end of forward work was proved again, because nobody knows what happened in between.
  expect([
    { ...rollbackOf(now), quiet: rollbackOf(before)?.quiet },
    now.authority,
    now.recommendations,
    now.phases,
  ]).toEqual([rollbackOf(before), before.authority, before.recommendations, before.phases]);
});

test('a full journal stops everything, loses nothing, and continues by itself', async () => {
  await using box = await armed();
  await start(box, security);
  await box.clock.advance(seconds(1));
  const before = box.types().length;
  box.journal.full = true;
  await expect(box.conductor.submit({ kind: 'hold', by: dana, reason: 'look' })).rejects.toThrow(/cannot be written/);
  expect(box.conductor.state()?.held).toBeUndefined();
  box.journal.full = false;
  await box.conductor.submit({ kind: 'hold', by: dana, reason: 'look' });
  expect(box.types().slice(before)).toEqual(['run-held']);
});

test('if another guard may be acting, nothing is undone and a person is asked', async () => {
  await using box = await armed();
  await start(box, security);
  box.world.onlyGuard = { rival: 'session 8 (ripcord guard-lock)' };
  await box.finding(finding('breach', 0));
  await box.clock.advance(seconds(3));
  expect(box.world.taken).toEqual([]);
  expect(rollbackOf(box.conductor.state())).toMatchObject({
    state: 'blocked',
    question: expect.stringContaining('Another guard'),
  });
});
