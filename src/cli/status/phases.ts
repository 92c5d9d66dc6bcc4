import type { PhaseView } from '../../core/run/view.ts';
import type { Instant, Millis } from '../../core/kernel/units.ts';
import type { Cell, Row } from '../layout.ts';
import { clockTime, roughly } from '../moments.ts';
import type { Tone } from '../terminal.ts';

const shown: Readonly<Record<PhaseView['state'], readonly [string, Tone]>> = {
  'not-started': ['not started', 'quiet'],
  running: ['running', 'title'],
  finished: ['finished', 'good'],
  failed: ['failed', 'bad'],
  unknown: ['unknown', 'bad'],
  undone: ['undone', 'warn'],
};

/** The projected total duration; undefined if the phase has run longer than that, because its last report is then outdated. */
export const projection = ({ projected, worked }: PhaseView): Millis | undefined =>
  projected !== undefined && worked !== undefined && projected > worked ? projected : undefined;

function note(phase: PhaseView, now: Instant): string {
  const { state, attempt, progress, because, endedAt } = phase;
  const total = projection(phase);
  const parts = [
    progress !== undefined && state !== 'finished' && `${Math.round(progress * 100)} % done`,
    total !== undefined && `about ${roughly(total)} in all`,
    endedAt !== undefined && `ended ${clockTime(endedAt, now)}`,
    attempt > 1 && `attempt ${attempt}`,
    because,
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}

function row(phase: PhaseView, at: number, now: Instant): Row {
  const [word, tone] = shown[phase.state];
  const { worked, estimate } = phase;
  const late: Tone = worked !== undefined && worked > estimate ? 'warn' : 'plain';
  const time: Cell = { text: worked === undefined ? '-' : roughly(worked), align: 'right', tone: late };
  const guess: Cell = { text: roughly(estimate), align: 'right' };
  return [String(at + 1), phase.phase, { text: word, tone }, time, guess, note(phase, now)];
}

const quiet = (text: string): Cell => ({ text, tone: 'quiet' });
const right = (text: string): Cell => ({ ...quiet(text), align: 'right' });
const titles: Row = ['', quiet('phase'), quiet('state'), right('worked'), right('estimate'), ''];

/** The phases in order, each with the time that it has worked. */
export function phaseRows(phases: readonly PhaseView[], now: Instant): readonly Row[] {
  return [titles, ...phases.map((phase, at) => row(phase, at, now))];
}
