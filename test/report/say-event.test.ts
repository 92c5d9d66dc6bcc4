import { expect, test } from 'vitest';

import {
  hash,
  phaseId,
  preApprovalId,
  principalId,
  probeId,
  recommendationId,
  rollbackId,
  runId,
  stepId,
} from '../../src/core/kernel/ids.ts';
import { hours, millis, minutes } from '../../src/core/kernel/units.ts';
import { eventTypes } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { sayEvent } from '../../src/report/say-event.ts';
import * as runs from './runs.ts';
import { at, finding, orphan, slow } from './told-run.ts';
import { place } from '../support/builders.ts';

const [dana, deployment] = [principalId('dana'), principalId('deployment')];
const [phase, recommendation, rollback, step] = [
  phaseId('indexes'),
  recommendationId('r1'),
  rollbackId('r1-rollback'),
  stepId('indexes/undo'),
];
const preApproval = preApprovalId('at-night');
const when = { v: 1, at: at('2h') } as const;
const child = { pid: 42, startTicks: '9', bootId: 'b' };
const binding = { planHash: hash('a'), procedureHash: hash('b'), phasesHash: hash('c') };
const target = { system: '7', database: 'app', oid: '16385', timeline: '00000001', serverVersion: 150018 };
const boundary = { phase, at: at('2h'), schema: {}, findings: [], probes: [] };
const baseline = { environment: 'staging', target, from: at('1h'), to: at('1h5m'), probes: [], findings: [] };
const lift = 'alter role "migrator" login';
const procedure = { kind: 'phase-rollback', phases: [phase], steps: [] } as const;
const started = {
  ...when,
  type: 'phase-started',
  phase,
  attempt: 1,
  estimate: minutes(30),
  by: deployment,
  boundary,
  supervisor: { wrapper: child, host: 'ops', tag: 't' },
  troubled: [],
} as const;
const raised = {
  ...when,
  type: 'recommendation-raised',
  recommendation,
  evidence: [orphan('breach', '1 row')],
  procedure,
  binding,
  expiresAt: at('2h30m'),
  notAutomaticBecause: ['the run is not armed'],
} as const;
const approved = {
  ...when,
  type: 'recommendation-approved',
  recommendation,
  by: dana,
  role: 'database_administrator',
  reason: 'it is slow',
  binding,
  expiresAt: at('2h10m'),
  complete: true,
} as const;
const done = { ...when, type: 'step-done', rollback, step, took: millis(12_000), output: '', how: 'ran' } as const;

const said: readonly (readonly [RunEvent, string])[] = [
  [
    {
      ...when,
      type: 'run-opened',
      run: runId('run-1'),
      plan: { name: 'demo', hash: hash('a') },
      environment: 'staging',
      target,
      estimate: hours(1),
      phases: [phase],
      by: dana,
    },
    'dana opened run run-1 of the plan demo in staging, on database app on PostgreSQL 15.18 (1 phase, estimated at 1h).',
  ],
  [{ ...when, type: 'plan-recorded', hash: hash('a'), text: '', settings: {} }, 'The plan is on record (a).'],
  [{ ...when, type: 'guard-restarted', planHash: hash('a') }, 'The guard was restarted; nobody watched until now.'],
  [
    { ...when, type: 'guard-restarted', planHash: hash('a'), setBackFrom: at('3h') },
    'The guard was restarted; nobody watched until now. The clock was set back: it shows a time 1h before the last recorded one.',
  ],
  [
    { ...when, type: 'clock-ran-ahead', length: hours(2) },
    'The machine’s clock ran ahead of the guard’s by 2h: the machine was suspended, or somebody set its clock. Permissions that end at a set time end that much sooner.',
  ],
  [
    { ...when, type: 'capture-started', length: minutes(5), by: dana },
    'dana started the capture of a baseline, for 5m.',
  ],
  [
    { ...when, type: 'capture-failed', because: 'no probe answered' },
    'The baseline was not frozen: no probe answered.',
  ],
  [
    { ...when, type: 'baseline-frozen', baseline, hash: hash('sha256:ab') },
    'The baseline is frozen: no readings of no probes and no findings, from 01:00:00 to 01:05:00 (sha256:ab).',
  ],
  [{ ...when, type: 'run-held', by: dana, reason: 'lunch' }, 'dana holds the run: “lunch”.'],
  [{ ...when, type: 'run-resumed', by: dana }, 'dana lets phases start again.'],
  [
    { ...when, type: 'scripts-seen', scripts: [{ file: 'undo.ts', hash: hash('a') }] },
    'The guard read the scripts of the rollback: 1 file.',
  ],
  [
    {
      ...when,
      type: 'target-failed-over',
      from: target,
      to: { ...target, timeline: '00000002' },
      compared: { phase, differences: ['table public.t is gone'], unseen: [] },
    },
    'The server failed over from timeline 00000001 to 00000002; the last commits may be lost, and the guard asks before it acts until somebody confirms the target. Compared with the boundary of indexes, the schema differs (table public.t is gone).',
  ],
  [
    { ...when, type: 'target-replaced', from: target, to: { ...target, oid: '99' } },
    'Another database replaced the target: database app (oid 99) of cluster 7 instead of database app (oid 16385) of cluster 7. No evidence from it counts until somebody confirms the target.',
  ],
  [
    { ...when, type: 'target-replaced', from: target, to: { ...target, oid: '99' }, byRestore: true },
    'The restore replaced the target with database app (oid 99) of cluster 7 on timeline 00000001.',
  ],
  [
    { ...when, type: 'target-confirmed', by: dana, reason: 'looked' },
    'dana confirmed the target as it is now: “looked”.',
  ],
  [
    { ...when, type: 'guard-blinded', probes: ['target', 'guard-lock'] },
    'The guard is blind: an address of the target leads to another server, another database or a standby; it does not hold the guard lock, so another guard may be acting on the target.',
  ],
  [{ ...when, type: 'run-closed', by: dana, reason: '' }, 'dana closed the run, without giving a reason.'],
  [started, 'deployment started phase indexes (estimated at 30m).'],
  [
    { ...started, attempt: 2, troubled: ['runtime:run'] },
    'deployment started phase indexes, attempt 2 (estimated at 30m); not well before it started: runtime of run.',
  ],
  [{ ...when, type: 'phase-spawned', phase, child }, 'Phase indexes runs as process 42.'],
  [{ ...when, type: 'phase-progressed', phase, fraction: 0.305 }, 'Phase indexes is 30.5 % done.'],
  [{ ...when, type: 'phase-finished', phase }, 'Phase indexes finished.'],
  [
    { ...when, type: 'phase-failed', phase, exitCode: 1, because: 'out of\n disk' },
    'Phase indexes ended with exit code 1: out of disk.',
  ],
  [
    { ...when, type: 'phase-failed', phase, exitCode: null, because: 'killed' },
    'Phase indexes ended without an exit code: killed.',
  ],
  [{ ...when, type: 'phase-lost', phase }, 'Phase indexes sent no heartbeat within its lease: unknown how far it got.'],
  [{ ...when, type: 'phase-undone', phase }, 'Phase indexes is undone.'],
  [
    { ...when, type: 'phase-cancel-started', phase, pid: 7, object: 'lock of public.t', what: 'is waited for' },
    'The guard is cancelling the statement of phase indexes in session 7: lock of public.t is waited for.',
  ],
  [
    { ...when, type: 'phase-cancel-done', phase, pid: 7, outcome: 'cancelled' },
    'The guard cancelled the statement of phase indexes in session 7.',
  ],
  [
    { ...when, type: 'phase-cancel-done', phase, pid: 7, outcome: 'gone' },
    'Session 7 of phase indexes was no longer waiting: the guard cancelled nothing.',
  ],
  [
    { ...when, type: 'phase-cancel-done', phase, pid: 7, outcome: 'failed', said: 'permission denied' },
    'The guard could not cancel the statement of phase indexes in session 7: permission denied.',
  ],
  [
    { ...when, type: 'phase-cancel-done', phase, pid: 7, outcome: 'unknown' },
    'Unknown whether the statement of phase indexes in session 7 was cancelled: the guard was restarted.',
  ],
  [
    { ...when, type: 'verdicts-changed', verdicts: [orphan('ok'), orphan('breach', '1 row'), slow('as-before')] },
    'Breach of integrity: no-orphan-prediction: 1 row. 2 answers are well.',
  ],
  [
    { ...when, type: 'finding-changed', finding: finding('no-orphan-prediction', at('2h')) },
    'Check no-orphan-prediction is well: no rows, as wanted.',
  ],
  [
    { ...when, type: 'guard-blinded', probes: [probeId('a'), probeId('b')] },
    'The guard is blind: no evidence from a and b.',
  ],
  [{ ...when, type: 'guard-sighted' }, 'The guard is no longer blind: every probe gives evidence.'],
  [
    { ...when, type: 'run-armed', by: dana, until: at('14h') },
    'dana armed the run until 2026-11-22 14:00:00 UTC: activated pre-approvals count from now on.',
  ],
  [{ ...when, type: 'run-disarmed', by: dana, reason: 'day' }, 'dana disarmed the run: “day”.'],
  [{ ...when, type: 'arming-expired' }, 'The arming ended because its time ran out: the guard asks before it acts.'],
  [
    { ...when, type: 'arming-expired', because: 'token-revoked' },
    'The arming ended because the token that gave it was revoked: the guard asks before it acts.',
  ],
  [
    { ...when, type: 'arming-expired', because: 'clock-set-back' },
    'The arming ended because the clock was set back: the guard asks before it acts.',
  ],
  [
    { ...when, type: 'arming-expired', because: 'requirement-open' },
    'The arming ended because a requirement is open again: the guard asks before it acts.',
  ],
  [
    { ...when, type: 'waiver-ended', requirement: 'rehearsal', by: dana, because: 'token-revoked' },
    'The requirement rehearsal is open again: the token with which dana waived it was revoked.',
  ],
  [
    { ...when, type: 'requirement-waived', requirement: 'rehearsal', by: dana, reason: 'done by hand.' },
    'dana waived the requirement rehearsal: “done by hand.”',
  ],
  [
    { ...when, type: 'pre-approval-activated', preApproval, by: dana, until: at('14h'), uses: 1, planHash: hash('a') },
    'dana activated the pre-approval at-night, for 1 use until 2026-11-22 14:00:00 UTC.',
  ],
  [{ ...when, type: 'pre-approval-used', preApproval, recommendation }, 'The pre-approval at-night was used for r1.'],
  [
    { ...when, type: 'pre-approval-ended', preApproval, because: 'plan-changed' },
    'The pre-approval at-night ended: the plan that it was given for has changed.',
  ],
  [
    { ...when, type: 'pre-approval-ended', preApproval, because: 'token-revoked' },
    'The pre-approval at-night ended: the token that gave it was revoked.',
  ],
  [
    { ...when, type: 'pre-approval-ended', preApproval, because: 'clock-set-back' },
    'The pre-approval at-night ended: the clock was set back, so it is unknown how long ago it was given.',
  ],
  [
    raised,
    'Recommendation r1: roll back indexes. Evidence: integrity: no-orphan-prediction: 1 row. It waits for an answer until 02:30:00.',
  ],
  [
    {
      ...raised,
      addressedTo: [{ role: 'CTO', name: 'Omar Haddad', reach: '+49 30 1' }],
      unanswered: [recommendationId('r0')],
    },
    'Recommendation r1: roll back indexes. Evidence: integrity: no-orphan-prediction: 1 row. Nobody answered r0. Asked now: Omar Haddad (CTO). It waits for an answer until 02:30:00.',
  ],
  [
    { ...raised, notAutomaticBecause: [] },
    'Recommendation r1: roll back indexes. Evidence: integrity: no-orphan-prediction: 1 row. A pre-approval covers it.',
  ],
  [
    { ...when, type: 'evidence-joined', recommendation, evidence: [orphan('breach', '2 rows')] },
    'More evidence for r1: integrity: no-orphan-prediction: 2 rows.',
  ],
  [{ ...when, type: 'recommendation-acknowledged', recommendation, by: dana }, 'dana has seen recommendation r1.'],
  [approved, 'dana (database administrator) approved r1: “it is slow”.'],
  [
    { ...approved, complete: false },
    'dana (database administrator) approved r1: “it is slow”. It needs another approval.',
  ],
  [
    { ...approved, by: 'pre-approval', reason: 'covered by at-night' },
    'Recommendation r1 was pre-approved: covered by at-night.',
  ],
  [{ ...when, type: 'recommendation-declined', recommendation, by: dana, reason: 'no' }, 'dana declined r1: “no”.'],
  [{ ...when, type: 'recommendation-expired', recommendation }, 'Nobody answered r1 in time: it has expired.'],
  [
    { ...when, type: 'approval-expired', recommendation, by: dana },
    'The approval of r1 by dana has expired, because nobody else approved in time.',
  ],
  [
    { ...when, type: 'approval-expired', recommendation, by: dana, because: 'token-revoked' },
    'The approval of r1 by dana no longer counts, because the token that gave it was revoked.',
  ],
  [
    { ...when, type: 'recommendation-withdrawn', recommendation, because: 'every breach is gone' },
    'Recommendation r1 is withdrawn: every breach is gone.',
  ],
  [
    { ...when, type: 'recommendation-superseded', recommendation, because: 'the plan has changed' },
    'Recommendation r1 no longer fits: the plan has changed.',
  ],
  [
    { ...when, type: 'rollback-started', rollback, recommendation, trigger: 'automatic', by: 'at-night', procedure },
    'Rollback r1-rollback starts by itself, under the pre-approval at-night: roll back indexes.',
  ],
  [
    { ...when, type: 'rollback-started', rollback, recommendation, trigger: 'approved', by: 'dana', procedure },
    'Rollback r1-rollback starts, approved by dana: roll back indexes.',
  ],
  [{ ...when, type: 'stop-work-started', rollback }, 'Stopping forward work.'],
  [
    { ...when, type: 'stop-work-proved', rollback, quiet: { endedProcesses: 2, endedSessions: 0, since: at('2h') } },
    'Forward work is stopped, as far as the guard can see: 2 processes and no sessions ended, nothing of the phases seen since 02:00:00. The record does not say how the guard looked for it.',
  ],
  [
    {
      ...when,
      type: 'stop-work-proved',
      rollback,
      quiet: { endedProcesses: 0, endedSessions: 1, since: at('2h'), fenced: true },
    },
    'Forward work is stopped, as far as the guard can see: no processes and 1 session ended, nothing of the phases seen since 02:00:00; their role cannot log in. The record does not say how the guard looked for it.',
  ],
  [
    {
      ...when,
      type: 'stop-work-proved',
      rollback,
      quiet: { endedProcesses: 0, endedSessions: 1, since: at('2h'), fenced: false, unfencedBecause: 'no grant' },
    },
    'Forward work is stopped, as far as the guard can see: no processes and 1 session ended, nothing of the phases seen since 02:00:00; not fenced, so their role can still log in: no grant. The record does not say how the guard looked for it.',
  ],
  [
    {
      ...when,
      type: 'stop-work-proved',
      rollback,
      quiet: {
        endedProcesses: 1,
        endedSessions: 0,
        since: at('2h'),
        fenced: true,
        scope: {
          attempts: [{ phase: phaseId('indexes'), attempt: 1, by: 'cgroup' }],
          sessions: 'of-role',
          unreadable: 0,
        },
      },
    },
    'Forward work is proved stopped: 1 process and no sessions ended, nothing of the phases seen since 02:00:00; their role cannot log in. The guard looked for indexes by cgroup and sessions of the phases’ role in this database. The guard would not have seen: a process that moved to another cgroup, or that another service started, and has no tag.',
  ],
  [
    { ...when, type: 'fence-raised', rollback, role: 'migrator', lift },
    'migrator cannot log in until the rollback is over.',
  ],
  [{ ...when, type: 'fence-lifted', rollback, role: 'migrator' }, 'migrator can log in again.'],
  [
    { ...when, type: 'fence-stands', rollback, role: 'migrator', lift, because: 'the server is down' },
    'migrator still cannot log in, though the rollback is over: the server is down. To let it log in, run: alter role "migrator" login.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'wholly' },
    'indexes is applied: its command said so, and the schema or a check is not as before.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'partly' },
    'indexes is applied in part: the schema or a check is not as before, and its command did not finish.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'not-at-all' },
    'indexes left nothing that the guard can see: the schema and the checks are as before.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'unknown' },
    'Unknown how far indexes got, so Ripcord undoes it as if it were applied.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'unknown', seen: 'no-difference' },
    'Unknown whether indexes changed anything: the schema and the checks are as before, but rows were not compared.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'unknown', seen: 'no-difference', ofOthers: 1 },
    'Unknown whether indexes changed anything: the schema and the checks are as before, but rows were not compared; 1 difference that roles unrelated to the phases’ role may have caused does not count.',
  ],
  [
    { ...when, type: 'phase-applied', rollback, phase, extent: 'partly', ofOthers: 20 },
    'indexes is applied in part: the schema or a check is not as before, and its command did not finish; 20 differences that roles unrelated to the phases’ role may have caused do not count.',
  ],
  [
    { ...done, how: 'not-needed', output: 'the phase has changed nothing' },
    'Step indexes/undo is not needed: the phase has changed nothing.',
  ],
  [
    { ...when, type: 'rollback-aborted', rollback, because: 'tables has been applied since' },
    'The rollback ended before its first step and is planned again: tables has been applied since.',
  ],
  [
    { ...when, type: 'step-started', rollback, step, attempt: 2, tag: 't', on: place },
    'Step indexes/undo starts, attempt 2.',
  ],
  [{ ...when, type: 'step-spawned', rollback, step, child }, 'Step indexes/undo runs as process 42.'],
  [done, 'Step indexes/undo is done, after 12 s.'],
  [{ ...done, how: 'proved' }, 'Step indexes/undo is done: its proof holds.'],
  [
    { ...done, how: 'confirmed', by: dana, output: 'I looked' },
    'dana says that step indexes/undo is done: “I looked”.',
  ],
  [
    { ...when, type: 'step-asked', rollback, step, question: 'It failed. Look at it', output: '' },
    'Step indexes/undo needs a person. It failed. Look at it.',
  ],
  [
    { ...when, type: 'step-answered', rollback, step, answer: 'again', by: dana, reason: 'mended' },
    'dana says that step indexes/undo must run again: “mended”.',
  ],
  [
    { ...when, type: 'step-answered', rollback, step, answer: 'done', by: dana, reason: 'by hand' },
    'dana says that step indexes/undo is done, once nothing of it is still running: “by hand”.',
  ],
  [
    { ...when, type: 'rollback-blocked', rollback, question: 'Is there another guard?' },
    'The rollback cannot continue without a person. Is there another guard?',
  ],
  [
    { ...when, type: 'rollback-unblocked', rollback, by: dana, reason: 'none' },
    'dana let the rollback continue: “none”.',
  ],
  [
    { ...when, type: 'abort-ordered', rollback, by: dana, reason: 'it makes it worse' },
    'dana aborted the rollback, so no further step starts: “it makes it worse”.',
  ],
  [
    { ...when, type: 'rollback-aborted', rollback },
    'The rollback ended before its last step: what is undone stays undone, and the run is held.',
  ],
  [{ ...when, type: 'rollback-done', rollback }, 'The rollback is done: every step is done.'],
  [{ ...when, type: 'watch-started', length: hours(1) }, 'The watch after the rollback starts, for 1h.'],
  [{ ...when, type: 'watch-advanced', seen: minutes(3) }, '3m of the watch seen so far.'],
  [
    { ...when, type: 'watch-relapsed', evidence: [orphan('breach', '1 row')] },
    'Relapse during the watch: integrity: no-orphan-prediction: 1 row.',
  ],
  [{ ...when, type: 'watch-settled', seen: hours(1), relapses: 1 }, 'The watch is over: 1h seen, 1 relapse.'],
];

test.each(said)('an event is described in plain words: %$', (event, sentence) => {
  expect(sayEvent(event)).toBe(sentence);
});

test('every kind of event is covered', () => {
  expect(new Set(said.map(([{ type }]) => type))).toEqual(new Set(eventTypes));
});

test('every event of a whole run is one line with the full stop of a sentence', () => {
  for (const { event } of runs.automaticRun().entries) expect(sayEvent(event)).toMatch(/^[^\n]+[.!?…][”)]?$/);
});
