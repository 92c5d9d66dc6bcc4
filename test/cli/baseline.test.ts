import { expect, test } from 'vitest';

import { connect } from '../../src/cli/client.ts';
import { untilFrozen } from '../../src/cli/baseline-capture.ts';
import { millis, minutes } from '../../src/core/kernel/units.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { frozenBaseline } from './answers.ts';
import { ripcord } from './ripcord.ts';
import { problem, stub } from './stub.ts';
import { at, fresh, working } from './views.ts';

const capturing: RunView = { ...fresh, seq: 2, capture: { since: at(1), length: minutes(5) } };
const later: RunView = { ...capturing, now: at(3) };
const frozen: RunView = { ...working, now: at(6) };
const failed = { type: 'capture-failed', v: 1, at: at(6), because: 'control never answered' };

test('a capture is waited for until the baseline is frozen', async () => {
  await using daemon = await stub({
    [`GET /api/v1/runs/${fresh.run}`]: [{ body: later }, { body: frozen }],
  });
  const shown: string[] = [];
  const clock = fakeClock();
  const waiting = untilFrozen(capturing, {
    client: connect({}, daemon.env),
    clock: { ...clock, wait: () => Promise.resolve() },
    every: millis(1),
    show: (text) => void shown.push(text),
  });
  expect((await waiting).baseline).toEqual(frozen.baseline);
  expect(shown).toEqual(['capturing a baseline: 0 s of 5m', 'capturing a baseline: 2m of 5m', '']);
});

test('a capture that froze no baseline fails with its reason', async () => {
  await using daemon = await stub({
    'POST /api/v1/runs/current/baseline': { status: 202, body: capturing },
    [`GET /api/v1/runs/${fresh.run}`]: { body: { ...fresh, seq: 3 } },
    [`GET /api/v1/runs/${fresh.run}/events?after=2`]: { body: { entries: [{ seq: 3, event: failed, hash: 'x' }] } },
  });
  const { exitCode, err } = await ripcord(['baseline', 'capture', '--for', '90s'], daemon.env);
  expect(exitCode).toBe(1);
  expect(daemon.heard[0]?.body).toEqual({ for: '90s' });
  expect(err).toContain('ripcord: the baseline was not frozen: control never answered; wanted');
});

test('a refused capture is not waited for', async () => {
  const refusal = problem(409, 'too-late', 'security-lockdown is finished');
  await using daemon = await stub({ 'POST /api/v1/runs/current/baseline': refusal });
  const { exitCode, err } = await ripcord(['baseline', 'capture'], daemon.env);
  expect(exitCode).toBe(1);
  expect(err).toContain('security-lockdown is finished');
});

test('the baseline is shown with what it can detect, and what it is too weak for', async () => {
  await using daemon = await stub({ 'GET /api/v1/runs/current/baseline': { body: frozenBaseline } });
  const { exitCode, out } = await ripcord(['baseline', 'show'], daemon.env);
  expect(exitCode).toBe(0);
  expect(out)
    .toBe(`Frozen 2026-11-22 02:06:00 UTC, from 5m of readings in staging, on database cryoprotect on PostgreSQL 15.18, with 3 sessions at work.
sha256:b

Probes
  probe            readings  failed  median     p95  spread  correlated over
  molecule-search       299       1   20 ms   42 ms    31 %  1.4
  control                 1       0  0.4 ms  0.4 ms       -  -

What it can detect
  probe            limit                      1.6x                2x  3x
  molecule-search    50%  recommended  not in time        32 s, 52 s  13 s, 16 s
                                 sure  not in time  1m 30s, not sure  13 s, 17 s

  Time until Ripcord recommends a rollback for a slowdown, and until the slowdown is certainly above
  the limit, which acting without asking requires: in half of the cases, and in 19 of 20. Predicted
  from these readings, for one probe that becomes slower one minute into a phase.

Too weak for the plan
  molecule-search: 300 readings cannot tell 1.6x within 5m: capture 12m more

Checks
  1 of 2 ok
  no-null  breach  found 2 rows, wanted none`);
  const { out: json } = await ripcord(['baseline', 'show', '--json'], daemon.env);
  expect(JSON.parse(json)).toEqual(frozenBaseline);
});
