import { describe, expect, test } from 'vitest';

import { guardId, rollbackId, stepId } from '../../src/core/kernel/ids.ts';
import { after, hours, type Instant, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { evolveFence, type Fence } from '../../src/core/response/fence.ts';
import type { RollbackEvent } from '../../src/core/response/events.ts';
import type { Step } from '../../src/core/response/step.ts';
import { evolveRollback, openQuestion, type Rollback } from '../../src/core/response/rollback.ts';
import { StaleEpoch } from '../../src/journal/errors.ts';
import type { Attempt } from '../../src/rollback/attempt.ts';
import { createExecutor, type ExecutorParts } from '../../src/rollback/executor.ts';
import { WorkGoesOn } from '../../src/phases/stop-work.ts';
import type { Awaited } from '../../src/rollback/condition.ts';
import type { Guarding } from '../../src/target/guarded-target.ts';
import { dana, place, recommendation, schema, start } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';

const step: Step = {
  id: stepId(`${schema}/undo`),
  phase: schema,
  kind: 'command',
  command: ['undo'],
  timeout: seconds(60),
  repeatable: false,
};

const id = rollbackId('r1-rollback');
const common = { v: 1, at: start, rollback: id } as const;

const seen = (holds: Awaited['holds'], interrupted = false): Awaited => ({ holds, saw: `it is ${holds}`, interrupted });
const http = (method: 'PUT' | 'POST'): Step => ({
  ...step,
  kind: 'http',
  http: { method, url: 'http://h', headers: {}, expect: {} },
});

/** Settles when the signal is aborted. */
const aborted = (signal: AbortSignal) => new Promise<void>((end) => signal.addEventListener('abort', () => end()));

const nothing = { endedProcesses: 0, endedSessions: 0 };

/** An executor with a fake clock, whose rollback has one step. `more` replaces its ports. */
function executing(more: Partial<ExecutorParts> = {}, only: Step = step) {
  const clock = fakeClock();
  let rollback: Rollback | undefined;
  let fence: Fence | undefined;
  const happened: string[] = [];
  const record = (event: RollbackEvent) => {
    happened.push(event.type);
    rollback = evolveRollback(rollback, event, happened.length);
    fence = evolveFence(fence, event);
  };
  const procedure = { kind: 'phase-rollback', phases: [schema], steps: [only] } as const;
  record({
    ...common,
    type: 'rollback-started',
    recommendation: recommendation(1),
    trigger: 'automatic',
    by: 'x',
    procedure,
  });
  const executor = createExecutor({
    clock,
    place,
    rollback: () => rollback,
    record: async (event) => record(event),
    mayAct: async () => undefined,
    isOnlyGuard: async () => 'yes',
    stopWork: async () => ({ endedProcesses: 0, endedSessions: 0, since: clock.now() }),
    fence: () => fence,
    liftFence: async () => undefined,
    phaseExtents: async () => new Map(),
    precondition: async () => undefined,
    async take() {
      happened.push('taken');
      return { ended: 'badly', question: 'done?', output: '' };
    },
    async endOrphans({ tag }) {
      happened.push(`ended what bears ${tag === undefined ? 'no tag' : 'its tag'}`);
      return nothing;
    },
    prove: async () => undefined,
    output: { left: async () => '', forget: async () => undefined },
    failed: () => undefined,
    ...more,
  });
  const again = () =>
    record({ ...common, type: 'step-answered', step: step.id, answer: 'again', by: dana.id, reason: 'x' });
  const done = () =>
    record({ ...common, type: 'step-answered', step: step.id, answer: 'done', by: dana.id, reason: 'I did it' });
  const abort = () => record({ ...common, type: 'abort-ordered', by: dana.id, reason: 'x' });
  const left = (started: Instant, on = place) => {
    record({ ...common, type: 'stop-work-proved', quiet: { endedProcesses: 0, endedSessions: 0, since: start } });
    record({
      ...common,
      at: started,
      type: 'step-started',
      step: only.id,
      attempt: 1,
      tag: 'of an earlier daemon',
      on,
    });
  };
  const asks = () => openQuestion(rollback);
  return { clock, executor, happened, record, left, again, done, abort, asks };
}

test('after an unexpected failure, the executor stops for good and repeats nothing, even when it is woken', async () => {
  const failures: unknown[] = [];
  const { clock, executor, happened, record } = executing({
    async record(event) {
      if (event.type === 'step-asked') throw new Error('the journal is damaged');
      record(event);
    },
    failed: (error) => failures.push(error),
  });
  executor.wake();
  await clock.advance(seconds(1));
  expect(failures).toMatchObject([{ message: 'the journal is damaged' }]);
  executor.wake(); // as the next evaluation does, before the daemon has ended
  await clock.advance(seconds(1));
  expect(happened.filter((one) => one === 'taken')).toHaveLength(1);
});

test('if the phase may have changed nothing, a step that needs a change to undo asks a person first', async () => {
  const phaseExtents = async () => new Map([[schema, { extent: 'unknown', seen: 'no-difference' }]] as const);
  const { clock, executor, happened, again, asks } = executing({ phaseExtents });
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-2)).toEqual(['phase-applied', 'step-asked']);
  expect(asks()).toMatch(/^Whether schema-standardization changed anything is unknown\. .* in particular no rows\./);
  again();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-2)).toEqual(['taken', 'step-asked']);
  await executor.stop(millis(0));
});

test('after a person’s "again", the executor first ends what the earlier attempt left behind', async () => {
  const { clock, executor, happened, again } = executing();
  executor.wake();
  await clock.advance(seconds(1));
  again();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-5)).toEqual([
    'step-answered',
    'ended what bears its tag',
    'step-started',
    'taken',
    'step-asked',
  ]);
  await executor.stop(millis(0));
});

test('leftovers of an earlier attempt that cannot be ended block the next attempt', async () => {
  const { clock, executor, happened, again } = executing({ endOrphans: () => Promise.reject(new Error('session 12')) });
  executor.wake();
  await clock.advance(seconds(1));
  again();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-2)).toEqual(['step-answered', 'rollback-blocked']);
  await executor.stop(millis(0));
});

test('after a person’s "done", the executor ends what the step left behind before the step is done', async () => {
  const recorded: RollbackEvent[] = [];
  const one: ReturnType<typeof executing> = executing({
    async record(event) {
      recorded.push(event);
      one.record(event);
    },
  });
  const { clock, executor, happened, done } = one;
  executor.wake();
  await clock.advance(seconds(1));
  done();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-3)).toEqual(['step-answered', 'ended what bears its tag', 'step-done']);
  expect(recorded.at(-1)).toMatchObject({ how: 'confirmed', by: dana.id, output: 'I did it' });
  await executor.stop(millis(0));
});

test('leftovers that cannot be ended block the rollback; once they are gone, the step is done without another answer', async () => {
  let left = true;
  const endOrphans = async () => {
    if (left) throw new Error('session 12');
    return nothing;
  };
  const { clock, executor, happened, record, done, asks } = executing({ endOrphans });
  const wake = async () => {
    executor.wake();
    await clock.advance(seconds(1));
  };
  await wake();
  done();
  await wake();
  expect(happened.slice(-2)).toEqual(['step-answered', 'rollback-blocked']);
  expect(asks()).toMatch(
    /^Ripcord could not end what is left of attempt 1 of .*\/undo, and nothing may run beside it: session 12/,
  );
  left = false;
  record({ ...common, type: 'rollback-unblocked', by: dana.id, reason: 'x' });
  await wake();
  expect(happened.at(-1)).toBe('step-done');
  await executor.stop(millis(0));
});

test('if only the proof of a step fails, the question says so, because its leftovers may be intended', async () => {
  const recorded: RollbackEvent[] = [];
  const one: ReturnType<typeof executing> = executing({
    take: async () => ({ ended: 'well', output: '' }),
    prove: async () => seen('no'),
    async record(event) {
      recorded.push(event);
      one.record(event);
    },
  });
  one.executor.wake();
  await one.clock.advance(seconds(1));
  expect(recorded.at(-1)).toMatchObject({ type: 'step-asked', ended: 'well' });
  await one.executor.stop(millis(0));
});

test.each([
  {
    guarding: { rival: 'session 8 (ripcord guard-lock)' },
    question:
      /^Another session holds the guard lock: session 8 \(ripcord guard-lock\)\. Another guard may be acting on the target/,
  },
  {
    guarding: { elsewhere: 'database app: this is a hot standby' },
    question:
      /^Ripcord undoes nothing on a server that may not be the right one\. database app: this is a hot standby\. .* --again$/,
  },
  {
    guarding: 'no-answer',
    question:
      /^The target does not answer, so Ripcord does not know whether this is the only guard\. Bring the target back, .*: ripcord confirm stop-work --again$/,
  },
] as const)(
  'if it may not be the only guard, the executor runs no step and asks: $question',
  async ({ guarding, question: asks }) => {
    const { clock, executor, happened, asks: question } = executing({ isOnlyGuard: async () => guarding });
    executor.wake();
    await clock.advance(seconds(1));
    expect(happened).toEqual(['rollback-started', 'rollback-blocked']);
    expect(question()).toMatch(asks);
    await executor.stop(millis(0));
  },
);

test('after a block, the executor proves again that work has stopped', async () => {
  let guarding: Guarding = 'yes';
  const { clock, executor, happened, record, again } = executing({ isOnlyGuard: async () => guarding });
  const wake = async () => {
    executor.wake();
    await clock.advance(seconds(1));
  };
  await wake();
  guarding = 'no-answer';
  again();
  await wake();
  guarding = 'yes';
  record({ ...common, type: 'rollback-unblocked', by: dana.id, reason: 'x' });
  await wake();
  expect(happened.slice(happened.indexOf('rollback-blocked'))).toEqual([
    'rollback-blocked',
    'rollback-unblocked',
    'stop-work-started',
    'stop-work-proved',
    'ended what bears its tag',
    'step-started',
    'taken',
    'step-asked',
  ]);
  await executor.stop(millis(0));
});

test('the target may be down during a person’s step; the executor checks it after their answer', async () => {
  let guarding: Guarding = 'yes';
  const { clock, executor, happened, again } = executing({ isOnlyGuard: async () => guarding });
  executor.wake();
  await clock.advance(seconds(1));
  guarding = 'no-answer'; // as during a restore by hand
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.at(-1)).toBe('step-asked');
  again();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.at(-1)).toBe('rollback-blocked');
  await executor.stop(millis(0));
});

test('after an abort, no step starts', async () => {
  const { clock, executor, happened, abort } = executing();
  abort();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened).toEqual(['rollback-started', 'abort-ordered', 'rollback-aborted']);
  await executor.stop(millis(0));
});

test.each([
  { when: 'had recorded the start of its command', spawned: true, kind: 'command', is: minutes(10) },
  { when: 'had not recorded the start of its command', spawned: false, kind: 'command', is: seconds(30) },
  { when: 'had sent a request', spawned: false, kind: 'http', is: minutes(10) },
] as const)('after the death of a guard that $when, the proof of a tier gets $is ms', async ({ spawned, kind, is }) => {
  const tier = { ...(kind === 'http' ? http('POST') : step), tier: 1, timeout: minutes(10) };
  let patience: number | undefined;
  const prove = async (_: Step, given: number) => ((patience = given), seen('no'));
  const { clock, executor, record, left } = executing({ prove }, tier);
  left(start);
  const child = { pid: 7, startTicks: '7', bootId: 'b' };
  if (spawned) record({ ...common, type: 'step-spawned', step: step.id, child });
  executor.wake();
  await clock.advance(seconds(1));
  expect(patience).toBe(is);
  await executor.stop(millis(0));
});

test('an abort that is recorded just before the intent of a step prevents the step', async () => {
  const one: ReturnType<typeof executing> = executing({
    async record(event) {
      if (event.type === 'step-started') one.abort(); // the run then does not record the start
      else one.record(event);
    },
  });
  one.executor.wake();
  await one.clock.advance(seconds(1));
  expect(one.happened.slice(-3)).toEqual(['phase-applied', 'abort-ordered', 'rollback-aborted']);
  await one.executor.stop(millis(0));
});

test('an abort ends the rollback without an answer while a step waits for a person', async () => {
  const { clock, executor, happened, abort } = executing();
  executor.wake();
  await clock.advance(seconds(1));
  abort();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-3)).toEqual(['step-asked', 'abort-ordered', 'rollback-aborted']);
  await executor.stop(millis(0));
});

test('after an abort, a step that an earlier daemon started does not run again', async () => {
  const { clock, executor, happened, left, abort } = executing({ prove: async () => seen('no') });
  left(start);
  abort();
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened).not.toContain('taken');
  expect(happened.slice(-2)).toEqual(['step-asked', 'rollback-aborted']);
  await executor.stop(millis(0));
});

test.each([
  { when: 'its proof holds', proof: seen('yes'), event: 'step-done' },
  { when: 'its proof does not hold', proof: seen('no'), event: 'step-asked' },
  { when: 'its leftovers cannot be ended', proof: seen('yes'), stays: 'process 7', event: 'step-asked' },
])('the output of a step from before its guard was killed is recorded with its outcome: $when', async (row) => {
  const { proof, stays, event } = row;
  const recorded: RollbackEvent[] = [];
  const forgotten: string[] = [];
  const one: ReturnType<typeof executing> = executing({
    async record(given) {
      recorded.push(given);
      one.record(given);
    },
    async endOrphans() {
      if (stays !== undefined) throw new Error(stays);
      return { endedProcesses: 1, endedSessions: 0 };
    },
    prove: async () => proof,
    output: {
      left: async (tag) => `kept of ${tag}`,
      forget: async () => void forgotten.push(recorded.at(-1)?.type ?? 'before anything'),
    },
  });
  one.left(start);
  one.executor.wake();
  await one.clock.advance(seconds(60));
  const outcome = recorded.find(({ type }) => type === event);
  const ended = '\n[the step was still running when the guard came back, and was ended: 1 process]\n';
  expect(outcome).toMatchObject({ output: `kept of of an earlier daemon${stays === undefined ? ended : ''}` });
  expect(forgotten[0]).toBe(event);
  await one.executor.stop(millis(0));
});

test('if forward work cannot be proved stopped, the rollback blocks before its first step until a person says --again', async () => {
  let goesOn = true;
  const { clock, executor, happened, record, asks } = executing({
    async stopWork() {
      if (goesOn) throw new WorkGoesOn(['session 7 (migrate)']);
      return { endedProcesses: 0, endedSessions: 1, since: start };
    },
  });
  executor.wake();
  await clock.advance(seconds(60));
  executor.wake(); // as each evaluation does
  await clock.advance(seconds(60));
  expect(happened).toEqual(['rollback-started', 'stop-work-started', 'rollback-blocked']);
  expect(asks()).toMatch(/^Forward work could not be proved stopped: still there: session 7 \(migrate\)/);
  goesOn = false;
  record({ ...common, type: 'rollback-unblocked', by: dana.id, reason: 'ended it' });
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(3)).toEqual([
    'rollback-unblocked',
    'stop-work-started',
    'stop-work-proved',
    'phase-applied',
    'step-started',
    'taken',
    'step-asked',
  ]);
  await executor.stop(millis(0));
});

test('a fence that cannot be lifted is reported once and retried later, until it is lifted', async () => {
  let inTheWay: Error | undefined = new Error('the server is down');
  let tries = 0;
  const { clock, executor, happened, abort } = executing({
    async stopWork(intend) {
      await intend('migrator', 'alter role "migrator" login');
      return { endedProcesses: 0, endedSessions: 0, since: start, fenced: true };
    },
    async liftFence() {
      tries += 1;
      if (inTheWay !== undefined) throw inTheWay;
    },
  });
  const wake = async (length = seconds(1)) => {
    executor.wake();
    await clock.advance(length);
  };
  await wake();
  abort();
  await wake();
  await wake();
  expect(happened.slice(-2)).toEqual(['rollback-aborted', 'fence-stands']);
  expect(tries).toBe(1);
  await clock.advance(seconds(30));
  await wake();
  expect([happened.at(-1), tries]).toEqual(['fence-stands', 2]);
  inTheWay = undefined;
  await clock.advance(seconds(30));
  await wake();
  expect(happened.at(-1)).toBe('fence-lifted');
});

test.each(['no', 'unknown'] as const)(
  'a precondition that is "%s" asks before the intent, with the result, and again after --again',
  async (holds) => {
    let now: Awaited['holds'] = holds;
    const { clock, executor, happened, again, asks } = executing(
      { precondition: async () => seen(now) },
      { ...step, precondition: { tcp: 'db:5432' } },
    );
    executor.wake();
    await clock.advance(seconds(1));
    expect(happened.slice(-2)).toEqual(['phase-applied', 'step-asked']);
    expect(asks()).toMatch(new RegExp(`^Its precondition .*: it is ${holds}\\. Nothing of the step was done\\.`));
    now = 'yes';
    again();
    executor.wake();
    await clock.advance(seconds(1));
    expect(happened.slice(-4)).toEqual(['step-answered', 'step-started', 'taken', 'step-asked']);
    await executor.stop(millis(0));
  },
);

test.each([
  { after: 'the death of an earlier daemon', earlier: ({ left }: ReturnType<typeof executing>) => left(start) },
  {
    after: 'a failure',
    earlier({ left, record, again }: ReturnType<typeof executing>) {
      left(start);
      record({ ...common, type: 'step-asked', step: step.id, question: 'done?', output: '' });
      again();
    },
  },
])('if a precondition does not hold after $after, the question does not claim that nothing was done', async (row) => {
  const one = executing(
    { precondition: async () => seen('no') },
    { ...step, repeatable: true, precondition: { tcp: 'db:5432' } },
  );
  row.earlier(one);
  one.executor.wake();
  await one.clock.advance(seconds(1));
  expect(one.happened).not.toContain('taken');
  expect(one.asks()).toMatch(
    /^Its precondition does not hold: it is no\. .*An earlier attempt may have done all of the step/,
  );
  await one.executor.stop(millis(0));
});

test('the question about a failed step says what its proof shows now', async () => {
  const { clock, executor, asks } = executing({ prove: async () => seen('yes') });
  executor.wake();
  await clock.advance(seconds(1));
  expect(asks()).toBe('done? Its proof holds now: it is yes.');
  await executor.stop(millis(0));
});

test('a successful step is done if its proof holds, and asks if it does not', async () => {
  const well = { take: async () => ({ ended: 'well', output: 'said' }) as const };
  for (const [holds, end] of [
    ['yes', 'step-done'],
    ['no', 'step-asked'],
    ['unknown', 'step-asked'],
  ] as const) {
    const { clock, executor, happened } = executing({ ...well, prove: async () => seen(holds) });
    executor.wake();
    await clock.advance(seconds(1));
    expect(happened.at(-1)).toBe(end);
    await executor.stop(millis(0));
  }
});

test.each<{ readonly what: string; readonly more: Partial<ExecutorParts> }>([
  {
    what: 'a wait',
    more: {
      async take(_, { signal }) {
        await aborted(signal);
        return { ended: 'interrupted', waitedFor: 'its condition', output: '' };
      },
    },
  },
  {
    what: 'the wait for a proof',
    more: {
      take: async () => ({ ended: 'well', output: '' }),
      async prove(_, __, signal) {
        await aborted(signal);
        return seen('no', true);
      },
    },
  },
])('an abort during $what ends it at once; if the daemon stops, the next one continues it', async ({ more }) => {
  const one = executing(more);
  one.executor.wake();
  await one.clock.advance(seconds(1));
  one.abort();
  one.executor.wake();
  await one.clock.advance(0);
  expect(one.happened.slice(-3)).toEqual(['abort-ordered', 'step-asked', 'rollback-aborted']);

  const other = executing(more);
  other.executor.wake();
  await other.clock.advance(seconds(1));
  await other.executor.stop(minutes(1));
  expect(other.happened.at(-1)).toBe('step-started');
});

test.each<{ readonly when: string; readonly only: Step; readonly proof?: Awaited; readonly then: readonly string[] }>([
  { when: 'its proof holds', only: step, proof: seen('yes'), then: ['ended what bears its tag', 'step-done'] },
  { when: 'it may not run twice', only: step, then: ['ended what bears its tag', 'step-asked'] },
  {
    when: 'it is repeatable',
    only: { ...step, repeatable: true },
    then: ['ended what bears its tag', 'step-started', 'taken', 'step-asked'],
  },
  { when: 'it is a PUT', only: http('PUT'), then: ['step-started', 'taken', 'step-asked'] },
  { when: 'it is a POST', only: http('POST'), then: ['step-asked'] },
  {
    when: 'it is a wait',
    only: { ...step, kind: 'wait', wait: { tcp: 'db:5432' } },
    then: ['step-started', 'taken', 'step-asked'],
  },
])('for a step that an earlier daemon started, when $when: $then', async ({ only, proof, then }) => {
  const { clock, executor, happened, left } = executing({ prove: async () => proof }, only);
  left(start);
  executor.wake();
  await clock.advance(seconds(1));
  expect(happened.slice(-then.length - 1)).toEqual(['stop-work-proved', ...then]);
  await executor.stop(millis(0));
});

test('a step that started before the clock was set back takes 0 ms, not a negative time', async () => {
  const took: number[] = [];
  const one: ReturnType<typeof executing> = executing({
    prove: async () => seen('yes'),
    async record(event) {
      if (event.type === 'step-done') took.push(event.took);
      one.record(event);
    },
  });
  one.left(after(one.clock.now(), hours(1)));
  one.executor.wake();
  await one.clock.advance(seconds(1));
  expect(took).toEqual([0]);
  await one.executor.stop(millis(0));
});

describe('each attempt has its own tag, and the key', () => {
  const attempting = () => {
    const attempts: Pick<Attempt, 'tag' | 'key'>[] = [];
    const one = executing(
      {
        async take(_, { tag, key }) {
          attempts.push({ tag, key });
          return { ended: 'badly', question: 'done?', output: '' };
        },
      },
      http('PUT'),
    );
    const next = async (before: () => void) => {
      before();
      one.executor.wake();
      await one.clock.advance(seconds(1));
      return attempts.at(-1);
    };
    return { ...one, next };
  };

  test('changes after each "again" of a person, because a service would otherwise repeat its old answer forever', async () => {
    const { executor, next, again } = attempting();
    const attempts = [await next(() => undefined), await next(again), await next(again)];
    expect(new Set(attempts.map((one) => one?.tag)).size).toBe(3);
    expect(new Set(attempts.map((one) => one?.key)).size).toBe(3);
    await executor.stop(millis(0));
  });

  test('stays the same after a crash, even after an "again"', async () => {
    const { executor, next, again } = attempting();
    const first = await next(() => undefined);
    const second = await next(again);
    await executor.stop(millis(0));
    const later = attempting();
    expect((await later.next(() => later.left(start)))?.key).toBe(first?.key);
    await later.next(later.again);
    const recovered = await later.next(() => later.left(start));
    expect(recovered?.key).toBe(second?.key);
    await later.executor.stop(millis(0));
  });
});

describe('once another process has the guard', () => {
  const takenOver = new StaleEpoch(guardId('plan', 'test'), 1, 2, 'b');

  test('the executor does nothing, does not lift the fence, and reports no failure', async () => {
    const failures: unknown[] = [];
    const { clock, executor, happened } = executing({
      mayAct: () => Promise.reject(takenOver),
      failed: (error) => failures.push(error),
    });
    const before = [...happened];
    executor.wake();
    await clock.advance(seconds(1));
    executor.wake();
    await clock.advance(seconds(1));
    expect(happened).toEqual(before);
    expect(failures).toEqual([]);
  });

  test('the running step ends, its outcome is not recorded, and no further step starts', async () => {
    const failures: unknown[] = [];
    const ended = Promise.withResolvers<void>();
    let lost = false;
    const taken: string[] = [];
    const { clock, executor, happened, record } = executing({
      record: async (event) => (lost ? Promise.reject(takenOver) : record(event)),
      async take(one, { signal }) {
        taken.push(`begins ${one.id}`);
        await ended.promise;
        taken.push(`ends ${one.id}${signal.aborted ? '' : ', and would be waited for'}`);
        return { ended: 'well', output: '' };
      },
      failed: (error) => failures.push(error),
    });
    executor.wake();
    await clock.advance(seconds(1));
    lost = true;
    const stoodDown = executor.standDown().then(() => taken.push('stood down'));
    executor.wake();
    ended.resolve();
    await clock.advance(seconds(1));
    await stoodDown;
    executor.wake();
    await clock.advance(seconds(1));
    expect(taken.map((one) => one.split(' ')[0])).toEqual(['begins', 'ends', 'stood']);
    expect(happened.at(-1)).toBe('step-started');
    expect(failures).toEqual([]);
  });

  test('a record is not retried, unlike on a full disk', async () => {
    let records = 0;
    const { clock, executor } = executing({
      record: () => {
        records += 1;
        return Promise.reject(takenOver);
      },
    });
    executor.wake();
    await clock.advance(seconds(1));
    expect(records).toBe(1);
  });
});

describe('a command that was started where the guard cannot see it', () => {
  const elsewhere = { host: 'ops-2', bootId: '9e11' };
  const restarted = { ...place, bootId: 'before the restart' };
  const repeatable = { ...step, repeatable: true };
  const holding = { prove: async () => seen('yes') };
  const patience = seconds(1);

  test.each([
    { on: elsewhere, says: /started on ops-2, and this guard runs on ops-1/ },
    { on: restarted, says: /started on ops-1, before that machine was restarted, or on another machine of that name/ },
  ])('never counts as ended, whatever its proof says and even if it is repeatable: $on.host', async ({ on, says }) => {
    const { clock, executor, happened, left, asks } = executing(holding, repeatable);
    left(start, on);
    executor.wake();
    await clock.advance(patience);
    expect(happened.slice(-2)).toEqual(['ended what bears its tag', 'step-asked']); // its sessions are seen from everywhere
    expect(asks()).toMatch(says);
    expect(asks()).toMatch(/Look on ops-\d for processes with RIPCORD_TAG=of an earlier daemon in their environment/);
    await executor.stop(millis(0));
  });

  test.each([
    { answer: 'again', then: ['step-answered', 'ended what bears its tag', 'step-started', 'taken'] },
    { answer: 'done', then: ['step-answered', 'ended what bears its tag', 'step-done'] },
  ] as const)(
    'is asked about once: after $answer, the executor trusts that a person looked there',
    async ({ answer, then }) => {
      const one = executing(undefined, repeatable);
      one.left(start, elsewhere);
      one.executor.wake();
      await one.clock.advance(patience);
      const before = one.happened.length;
      one[answer]();
      one.executor.wake();
      await one.clock.advance(patience);
      expect(one.happened.slice(before, before + then.length)).toEqual(then);
      await one.executor.stop(millis(0));
    },
  );

  test('is asked about even if a person answered a question that did not mention it', async () => {
    const one = executing(undefined, repeatable);
    one.left(start, elsewhere);
    one.record({ ...common, type: 'step-asked', step: step.id, question: 'it exited with 1', output: '' });
    one.again();
    one.executor.wake();
    await one.clock.advance(patience);
    expect(one.asks()).toMatch(/started on ops-2/);
    expect(one.happened).not.toContain('taken');
    await one.executor.stop(millis(0));
  });

  test.each([
    { only: { ...step, kind: 'sql', sql: 'select 1', repeatable: true } as Step, asks: false },
    { only: http('PUT'), asks: false },
    { only: repeatable, asks: true },
  ])('must be a command: a step of kind $only.kind leaves nothing on that machine', async ({ only, asks }) => {
    const one = executing(undefined, only);
    one.left(start, elsewhere);
    one.executor.wake();
    await one.clock.advance(patience);
    expect(one.happened.includes('taken')).toBe(!asks);
    await one.executor.stop(millis(0));
  });

  test('an answer counts for one machine: a new attempt is searched for on its own machine', async () => {
    const one = executing({ take: async () => ({ ended: 'badly', question: 'done?', output: '' }) }, repeatable);
    one.left(start, elsewhere);
    for (const _ of [1, 2]) {
      one.executor.wake();
      await one.clock.advance(patience);
      one.again();
    }
    one.executor.wake();
    await one.clock.advance(patience);
    expect(one.happened.filter((event) => event === 'step-asked')).toHaveLength(3);
    expect(one.asks()).toBe('done?');
    await one.executor.stop(millis(0));
  });
});
