import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';

import { afterEach, expect, test } from 'vitest';

import { lateness } from '../../src/core/evidence/own-time.ts';
import { millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { noteProbeIssues } from '../../src/monitoring/probe-issues.ts';
import { httpProbe } from '../../src/probes/http-probe.ts';
import { aPlan, pipeline, boundaryOf, run, search, security, supervisor } from '../support/builders.ts';
import { guardInABox } from '../support/guard-in-a-box.ts';

const plan = aPlan();
const own = (busy: number) => ({ busy: millis(busy), waiting: millis(0) });

/** A steady baseline of 20 ms, 1 ms of it the guard's own, then a phase in which the search takes `took`. */
async function night(took: number, busy: number) {
  const box = await guardInABox(plan, run);
  box.world.own = () => own(1);
  await box.baseline(minutes(5));
  const boundary = boundaryOf(security, box.clock.now());
  await box.conductor.submit({ kind: 'phase-start', phase: security, by: pipeline, supervisor, boundary });
  box.world.latency = (probe) => millis(probe === search ? took : 20);
  box.world.own = (probe) => own(probe === search ? busy : 1);
  await box.clock.advance(minutes(2));
  return box;
}

test.each([
  {
    what: 'three times as slow while the guard is well',
    took: 60,
    busy: 1,
    follows: 'recommendation-raised',
    not: 'guard-blinded',
  },
  {
    what: 'three times as slow while the guard lags a little',
    took: 64,
    busy: 5,
    follows: 'recommendation-raised',
    not: 'guard-blinded',
  },
  {
    what: 'as fast as before, measured by a guard that is always late',
    took: 60,
    busy: 41,
    follows: 'guard-blinded',
    not: 'recommendation-raised',
  },
] as const)('$what: $follows', async ({ took, busy, follows, not }) => {
  await using box = await night(took, busy);
  expect(box.types()).toContain(follows);
  expect(box.types()).not.toContain(not);
});

test('the guard reports that it is blind because of its own lateness, and only for the affected probes', () => {
  const issues = noteProbeIssues({ warn: () => undefined, info: () => undefined });
  const late = (because: string) => issues.saw({ state: 'missing', probe: search, at: run as never, because });
  late(lateness.busy);
  late(lateness.waiting);
  expect(issues.list()).toEqual([]); // an occasional late reading is not reported
  late(lateness.busy);
  expect(issues.list()).toEqual([`molecule-search: ${lateness.busy}`]);
  expect(issues.late([search])).toEqual(issues.list());
  expect(issues.late([])).toEqual([]);
  late('the query yields nothing');
  expect(issues.late([search])).toEqual([]);
});

let server: Server | undefined;
afterEach(() => server?.close());

/** The server may share this thread: the test only distinguishes waiting from working. */
async function asking(answer: (respond: () => void) => void) {
  server = createServer((_, response) => answer(() => response.end('ok')));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const question = { url, method: 'GET' as const, headers: {}, expect: { status: 200 } };
  const reading = await httpProbe({ id: 'a', every: seconds(1), timeout: seconds(10) }, question).ask(
    Date.now() as never,
    new AbortController().signal,
  );
  if (reading.state !== 'answered' || reading.own === undefined) throw new Error(JSON.stringify(reading));
  return { took: reading.took, own: reading.own };
}

test('time that the guard’s own event loop is busy is distinguished from time spent waiting for the target', async () => {
  const busy = await asking((respond) => {
    respond();
    for (const end = performance.now() + 300; performance.now() < end;);
  });
  expect(busy.own.busy).toBeGreaterThanOrEqual(300);
  server?.close();
  const slow = await asking((respond) => void setTimeout(respond, 1_000));
  expect(slow.took).toBeGreaterThanOrEqual(999);
  expect(slow.own.busy).toBeLessThan(slow.took / 4);
});
