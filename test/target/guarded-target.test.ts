import { expect, test } from 'vitest';

import type { Finding } from '../../src/core/evidence/finding.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { createPlannedChecks } from '../../src/monitoring/planned-checks.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { Rival } from '../../src/target/guard-lock.ts';
import { openGuardedTarget, stillOnly } from '../../src/target/guarded-target.ts';
import { changed, goodPlan, planOf } from '../core/plan/a-plan.ts';
import { database } from '../support/database.ts';
import { targetAt } from '../support/target.ts';
import { temporaryRole } from './role.ts';

const rival = (pid: number, mayBeOurs: boolean): Rival => ({
  holder: { pid, login: 'bob', applicationName: 'psql' },
  mayBeOurs,
});
const ours = rival(7, true);
const other = rival(8, false);

/** A lost lock whose retakes return `answers`, one after the other. */
const lost = (...answers: readonly ('held' | Rival | 'no session')[]) => {
  const left = [...answers];
  return {
    held: async () => false,
    async retake() {
      const answer = left.shift();
      if (answer === undefined || answer === 'no session') throw new Error('no session');
      return answer;
    },
  };
};

test.each([
  { lock: { ...lost(), held: async () => true }, when: 'the lock is held', answer: 'yes' },
  { lock: lost('no session', ours, 'held'), when: 'the lock is taken again', answer: 'yes' },
  {
    lock: lost('no session', ours, ours),
    when: 'our lost session keeps the lock to the end',
    answer: { rival: 'session 7 (psql, login bob), which is not Ripcord' },
  },
  {
    lock: lost(other),
    when: 'another session holds the lock',
    answer: { rival: 'session 8 (psql, login bob), which is not Ripcord' },
  },
  { lock: lost('no session', 'no session', 'no session'), when: 'there is no session', answer: 'no-answer' },
  { lock: lost(ours, ours, 'no session'), when: 'the session is gone for good', answer: 'no-answer' },
])('asks whether this is the only guard when $when', async ({ lock, answer }) => {
  expect(await stillOnly(lock, { retries: 2, minTimeout: millis(0), maxTimeout: millis(0) })).toEqual(answer);
});

test('a breach is confirmed even if the server has no slot for the second run', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  const target = targetAt(db.urlAs(role.name));
  const cost = () => undefined;
  const { plan } = planOf(changed(goodPlan, 'select 1 from orphan', 'select 1'));
  await using connections = await openGuardedTarget({ target, plan, cost });
  await Promise.all(
    [connections.checks, connections.plan, connections.probes(0), connections.vetting].map((held) => held.connect()),
  );
  await db.query(`alter role ${role.name} connection limit 1`); // as full as max_connections makes it, for this login
  const found: Finding[] = [];
  const onFinding = (finding: Finding) => void found.push(finding);
  const state = () => undefined;
  const clock = systemClock();
  const checks = await createPlannedChecks({
    plan,
    connections,
    target,
    clock,
    cost,
    state,
    onFinding,
    hide: hidesNothing,
  });
  try {
    const findings = await checks.runAll();
    expect(findings.find(({ check }) => check === 'no-orphan')).toMatchObject({ status: 'breach' });
  } finally {
    await checks.stop();
  }
});
