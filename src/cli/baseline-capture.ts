import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { sentence } from '../core/kernel/sentence.ts';
import { between, type Millis, seconds } from '../core/kernel/units.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { RunView } from '../core/run/view.ts';
import { systemClock } from '../system/clock.ts';
import type { FrozenBaseline } from './baseline-show.ts';
import { type Call, type ForOption, type RunOptions, toJson } from './call.ts';
import { type Client, connect } from './client.ts';
import { count } from '../core/kernel/count.ts';
import { roughly } from './moments.ts';

/** The readings were not good enough for a comparison, or another person's capture replaced this one. */
export class CaptureFailed extends RipcordError {
  constructor(because: string) {
    super({
      found: `the baseline was not frozen: ${because}`,
      wanted: 'an answer from every probe',
      todo: 'Fix that, then capture again: ripcord baseline capture',
    });
  }
}

interface Entries {
  readonly entries: readonly { readonly event: RunEvent }[];
}

async function whyNot(client: Client, { run, seq }: RunView): Promise<string> {
  const { entries } = await client.get<Entries>(`runs/${run}/events?after=${seq}`);
  const failure = entries.map(({ event }) => event).findLast((event) => event.type === 'capture-failed');
  return failure?.because ?? 'the capture was abandoned';
}

export interface Waiting {
  readonly client: Client;
  readonly clock: Clock;
  readonly every: Millis;
  readonly show: (text: string) => void;
}

const sayProgress = ({ capture, now }: RunView): string =>
  capture === undefined
    ? ''
    : `capturing a baseline: ${roughly(between(capture.since, now))} of ${roughly(capture.length)}`;

/** Waits until the capture that `started` shows has ended. Rejects with CaptureFailed if it froze no baseline. */
export async function untilFrozen(started: RunView, { client, clock, every, show }: Waiting): Promise<RunView> {
  let view = started;
  while (view.capture !== undefined) {
    show(sayProgress(view));
    await clock.wait(every);
    view = await client.get<RunView>(`runs/${started.run}`);
  }
  show('');
  if (view.baseline === undefined || view.baseline.frozenAt === started.baseline?.frozenAt) {
    throw new CaptureFailed(await whyNot(client, started));
  }
  return view;
}

export async function captureBaseline({ options, terminal, env }: Call<RunOptions & ForOption>): Promise<number> {
  const client = connect(options, env);
  const started = await client.act('baseline', options.for === undefined ? {} : { for: options.for });
  if (started.capture !== undefined && options.json !== true) {
    terminal.tell(`Reading the probes for ${roughly(started.capture.length)} to learn what is normal.`);
  }
  const show = terminal.progress;
  const view = await untilFrozen(started, { client, clock: systemClock(), every: seconds(1), show });
  const readings = count(view.baseline?.readings ?? 0, 'reading');
  if (options.json === true) {
    terminal.answer(toJson(view));
    return exitCodes.well;
  }
  const { baseline, weaknesses } = await client.get<FrozenBaseline>(`runs/${view.run}/baseline`);
  terminal.answer(`The baseline is frozen: ${readings}. Look at it: ripcord baseline show`);
  for (const one of weaknesses) terminal.answer(`Too weak for the plan, and so for arming: ${one}`);
  const broken = baseline.findings.filter(({ status }) => status === 'breach');
  for (const { check, summary } of broken) {
    terminal.answer(
      `It holds a breach: ${check}: ${sentence(summary)} From now on this breach is known, and only something worse counts.`,
    );
  }
  return exitCodes.well;
}
