import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import type { Baseline, ProbeBaseline } from '../core/evidence/baseline.ts';
import { between, type Instant, type Millis, millis } from '../core/kernel/units.ts';
import type { RunView } from '../core/run/view.ts';
import { type Call, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { type Cell, type Row, section, type Sheet, table } from './layout.ts';
import { roughly } from './moments.ts';

export interface FrozenBaseline {
  readonly hash: string;
  readonly frozenAt: Instant;
  readonly baseline: Baseline;
}

/** How many times the median is slower, from the rule that the probe is judged by; undefined for one that is not judged. */
function limitOf(probe: string, { verdicts }: Pick<RunView, 'verdicts'>): number | undefined {
  const judged = verdicts.find(({ criterion, subject }) => criterion === 'performance' && subject === probe);
  const percent = /^slower_than: (\d+(?:\.\d+)?)%$/.exec(judged?.facts.rule ?? '')?.[1];
  return percent === undefined ? undefined : 1 + Number(percent) / 100;
}

const right = (text: string): Cell => ({ text, align: 'right' });
const say = (latency: Millis | undefined): string => (latency === undefined ? '-' : sayDuration(latency));

function probeRow({ probe, latencies, failed, p50, p95 }: ProbeBaseline, limit: number | undefined): Row {
  const above = p50 === undefined || limit === undefined ? undefined : millis(p50 * limit);
  const failures: Cell = { ...right(String(failed)), tone: failed > 0 ? 'bad' : 'plain' };
  const slower = above === undefined ? '-' : `more than ${sayDuration(above)}`;
  return [probe, right(String(latencies.length)), failures, right(say(p50)), right(say(p95)), slower];
}

const titles: Row = ['probe', 'readings', 'failed', 'median', 'p95', 'slower'].map((text, at): Cell => ({
  text,
  tone: 'quiet',
  ...(at > 0 && at < 5 && { align: 'right' }),
}));

/** What is normal, and from which median on an answer counts as slower. */
export function sayBaseline({ hash, frozenAt, baseline }: FrozenBaseline, view: RunView, sheet: Sheet): string {
  const { from, to, probes, findings } = baseline;
  const rows = probes.map((probe) => probeRow(probe, limitOf(probe.probe, view)));
  const known = findings
    .filter(({ status }) => status !== 'ok')
    .map(({ check, status, summary }): Row => [check, { text: status, tone: 'warn' }, summary]);
  const text = [
    `Frozen ${sayMoment(frozenAt)}, from ${roughly(between(from, to))} of readings in ${baseline.environment}.`,
    hash,
    ...section('Probes', table([titles, ...rows], sheet), sheet),
    ...section(
      'Checks',
      [`  ${findings.length - known.length} of ${findings.length} ok`, ...table(known, sheet)],
      sheet,
    ),
  ];
  return text.join('\n');
}

export async function showBaseline({ options, terminal, env }: Call<RunOptions>): Promise<number> {
  const client = connect(options, env);
  const frozen = await client.get<FrozenBaseline>('runs/current/baseline');
  if (options.json === true) terminal.answer(toJson(frozen));
  else terminal.answer(sayBaseline(frozen, await client.run(), terminal));
  return exitCodes.well;
}
