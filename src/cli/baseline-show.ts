import type { ExpectedDelay, Power } from '../core/detection/detection-power.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import type { Baseline, ProbeBaseline } from '../core/evidence/baseline.ts';
import { sayTarget } from '../core/evidence/target.ts';
import { between, type Instant, type Millis } from '../core/kernel/units.ts';
import { percentSlower } from '../core/verdicts/performance.ts';
import { type Call, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { type Cell, type Row, section, type Sheet, table, wrap } from './layout.ts';
import { count } from '../core/kernel/count.ts';
import { roughly } from './moments.ts';

export interface FrozenBaseline {
  readonly hash: string;
  readonly frozenAt: Instant;
  readonly baseline: Baseline;
  readonly power: readonly Power[];
  readonly weaknesses: readonly string[];
}

const right = (text: string): Cell => ({ text, align: 'right' });
const say = (latency: Millis | undefined): string => (latency === undefined ? '-' : sayDuration(latency));

const titled = (...titles: readonly string[]): Row =>
  titles.map((text, at): Cell => ({ text, tone: 'quiet', ...(at > 0 && { align: 'right' }) }));

function probeRow({ probe, latencies, failed, p50, p95, spread, correlationTime }: ProbeBaseline): Row {
  const failures: Cell = { ...right(String(failed)), tone: failed > 0 ? 'bad' : 'plain' };
  const together = correlationTime === undefined ? '-' : correlationTime.toFixed(1);
  return [
    probe,
    right(String(latencies.length)),
    failures,
    right(say(p50)),
    right(say(p95)),
    right(spread === undefined ? '-' : `${Math.round(spread * 100)} %`),
    right(together),
  ];
}

/** `32 s, 52 s`: the delay in half of the cases, and in 19 of 20. */
function sayTimes({ median, p95 }: ExpectedDelay): Cell {
  if (median === undefined) return { ...right('not in time'), tone: 'warn' };
  return right(`${roughly(median)}, ${p95 === undefined ? 'not sure' : roughly(p95)}`);
}

function powerRows({ probe, limits, recommends, acts }: Power): readonly Row[] {
  const slower = right(percentSlower(limits.limit));
  return [
    [probe, slower, right('recommended'), ...recommends.map(sayTimes)],
    ['', '', right('sure'), ...acts.map(sayTimes)],
  ];
}

/** Probes with different limits show different slowdowns, so each limit has its own table head. */
function powerTables(power: readonly Power[], sheet: Sheet): readonly string[] {
  const heads = new Map<string, Power[]>();
  for (const one of power) {
    const head = one.recommends.map(({ slowdown }) => `${slowdown}x`).join();
    heads.set(head, [...(heads.get(head) ?? []), one]);
  }
  return [...heads].flatMap(([head, ones]) =>
    table([titled('probe', 'limit', '', ...head.split(',')), ...ones.flatMap(powerRows)], sheet),
  );
}

const explained =
  'Time until Ripcord recommends a rollback for a slowdown, and until the slowdown is certainly above the limit, which acting without asking requires: in half of the cases, and in 19 of 20. Predicted from these readings, for one probe that becomes slower one minute into a phase.';

/** The baseline, and how fast a slowdown can be detected with it. */
export function sayBaseline({ hash, frozenAt, baseline, power, weaknesses }: FrozenBaseline, sheet: Sheet): string {
  const { from, to, probes, findings, environment, target, concurrency } = baseline;
  const known = findings
    .filter(({ status }) => status !== 'ok')
    .map(({ check, status, summary }): Row => [check, { text: status, tone: 'warn' }, summary]);
  const atWork = concurrency === undefined ? '' : `, with ${count(concurrency, 'session')} at work`;
  const head = titled('probe', 'readings', 'failed', 'median', 'p95', 'spread', 'correlated over');
  const text = [
    `Frozen ${sayMoment(frozenAt)}, from ${roughly(between(from, to))} of readings in ${environment}, on ${sayTarget(target)}${atWork}.`,
    hash,
    ...section('Probes', table([head, ...probes.map(probeRow)], sheet), sheet),
    ...section('What it can detect', power.length === 0 ? [] : [...powerTables(power, sheet), ''], sheet),
    ...(power.length === 0 ? [] : wrap(explained, sheet.columns - 2).map((line) => sheet.paint('quiet', `  ${line}`))),
    ...section(
      'Too weak for the plan',
      table(
        weaknesses.map((one): Row => [{ text: one, tone: 'bad' }]),
        sheet,
      ),
      sheet,
    ),
    ...section(
      'Checks',
      [`  ${findings.length - known.length} of ${findings.length} ok`, ...table(known, sheet)],
      sheet,
    ),
  ];
  return text.join('\n');
}

export async function showBaseline({ options, terminal, env }: Call<RunOptions>): Promise<number> {
  const frozen = await connect(options, env).get<FrozenBaseline>('runs/current/baseline');
  terminal.answer(options.json === true ? toJson(frozen) : sayBaseline(frozen, terminal));
  return exitCodes.well;
}
