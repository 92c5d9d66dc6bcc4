import { connect } from 'node:net';

import { judgeRows } from '../core/evidence/judge-rows.ts';
import { lateness } from '../core/evidence/own-time.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { sayError } from '../core/kernel/errors.ts';
import { after, between, type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Condition } from '../core/plan/conditions.ts';
import { hideIn } from '../phases/without-secrets.ts';
import { httpRequester } from '../probes/http-request.ts';
import { nameLookup, sayUnanswered } from '../system/name-lookup.ts';
import { unlessAborted } from '../target/bounded.ts';
import type { HeldConnection } from '../target/connection.ts';

/** The result of testing a condition. `unknown` means that the test itself failed. */
export interface Seen {
  readonly holds: 'yes' | 'no' | 'unknown';
  /** What the test saw, in one line for a person. */
  readonly saw: string;
}

/** The last result, and whether the signal ended the wait. Otherwise, the condition holds or the time is over. */
export interface Awaited extends Seen {
  readonly interrupted: boolean;
}

export interface ConditionParts {
  /** A read-only session of the target. */
  readonly target: Pick<HeldConnection, 'query'>;
  /** Replaces the plan's placeholders with their values. */
  readonly fill: (written: string) => string;
  readonly secrets: readonly string[];
}

/** The longest time for one test. */
const patience = { sql: seconds(30), http: seconds(10), tcp: seconds(5) } as const;
const betweenTests = seconds(1);
const never = new AbortController().signal;

type Of<Key extends string> = Extract<Condition, Readonly<Record<Key, unknown>>>;
type Expectation = Of<'sql'>['expect'];

function filled(expect: Expectation, fill: ConditionParts['fill']): Expectation {
  const cell = <Cell>(one: Cell) => (typeof one === 'string' ? fill(one) : one);
  if (typeof expect === 'string') return expect;
  return 'value' in expect ? { value: cell(expect.value) } : { rows: expect.rows.map((row) => row.map(cell)) };
}

async function testSql({ sql, expect }: Of<'sql'>, { target, fill }: ConditionParts): Promise<Seen> {
  const answer = await target.query(fill(sql), [], { timeout: patience.sql });
  const { status, summary } = judgeRows(filled(expect, fill), answer, undefined);
  return { holds: status === 'ok' ? 'yes' : status === 'breach' ? 'no' : 'unknown', saw: summary };
}

async function testHttp({ http: { url, expect } }: Of<'http'>, { fill }: ConditionParts): Promise<Seen> {
  const request = httpRequester({ url: fill(url), method: 'GET', headers: {}, keep: 0, refuse: () => undefined });
  const answer = await request(patience.http, never);
  if (answer === 'aborted') return { holds: 'unknown', saw: 'the request was aborted' };
  if ('unnamed' in answer) return { holds: 'unknown', saw: `${url}: ${answer.unnamed}` };
  if ('reason' in answer) return { holds: 'unknown', saw: `${url}: ${answer.message}` };
  const { status } = answer;
  return { holds: status === expect.status ? 'yes' : 'no', saw: `${url} answered ${status}, wanted ${expect.status}` };
}

async function testTcp({ tcp }: Of<'tcp'>, { fill }: ConditionParts): Promise<Seen> {
  const [, host = '', port] = /^\[?(.+?)\]?:(\d+)$/.exec(fill(tcp)) ?? [];
  const names = nameLookup();
  const socket = connect({ host, port: Number(port ?? Number.NaN), lookup: names.lookup });
  socket.setTimeout(patience.tcp);
  const seen = await new Promise<Seen>((resolve) => {
    socket.once('connect', () => resolve({ holds: 'yes', saw: `${tcp} accepts connections` }));
    socket.once('timeout', () => {
      const name = names.unanswered();
      const unnamed = names.isWaiting() ? lateness.names : name === undefined ? undefined : sayUnanswered(name);
      const saw = `${tcp}: ${unnamed ?? `no connection within ${sayDuration(patience.tcp)}`}`;
      resolve({ holds: 'unknown', saw });
    });
    socket.once('error', (error) => {
      const refused = 'code' in error && error.code === 'ECONNREFUSED';
      resolve({ holds: refused ? 'no' : 'unknown', saw: `${tcp}: ${error.message || 'no connection'}` });
    });
  });
  socket.on('error', () => undefined); // ignore later errors
  socket.destroy();
  return seen;
}

/** Tests the condition once. Never rejects. */
export async function testCondition(condition: Condition, parts: ConditionParts): Promise<Seen> {
  try {
    const seen = await ('sql' in condition
      ? testSql(condition, parts)
      : 'http' in condition
        ? testHttp(condition, parts)
        : testTcp(condition, parts));
    return { ...seen, saw: hideIn(seen.saw, parts.secrets) };
  } catch (error) {
    return { holds: 'unknown', saw: hideIn(sayError(error), parts.secrets) };
  }
}

export interface Waiting {
  readonly clock: Clock;
  readonly patience: Millis;
  readonly signal: AbortSignal;
}

/** Tests the condition until it holds, the time is over, or the signal aborts. The last test is at the very end. */
export async function awaitCondition(
  test: () => Promise<Seen>,
  { clock, patience: long, signal }: Waiting,
): Promise<Awaited> {
  const deadline = after(clock.now(), long);
  let last: Seen = { holds: 'unknown', saw: 'the condition was not tested yet' };
  for (;;) {
    try {
      last = await unlessAborted(test(), signal);
      const left = between(clock.now(), deadline);
      if (last.holds === 'yes' || left <= 0) return { ...last, interrupted: false };
      await clock.wait(millis(Math.min(betweenTests, left)), signal);
    } catch (error) {
      if (signal.aborted) return { ...last, interrupted: true };
      throw error;
    }
  }
}
