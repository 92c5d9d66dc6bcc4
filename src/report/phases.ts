import { worked } from '../core/evidence/phase-clock.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { type Instant, type Millis, times } from '../core/kernel/units.ts';
import type { PhaseState } from '../core/run/phases.ts';
import { blocks, heading, type Inline, type Markdown, line, table } from './markdown.ts';
import { sayShare } from './say-phase.ts';
import type { Attempt, Story } from './story.ts';

const states: Readonly<Record<PhaseState['state'], string>> = {
  'not-started': 'not started',
  running: 'running',
  finished: 'applied',
  failed: 'failed',
  unknown: 'unknown how far it got',
  undone: 'undone',
};

function sayState({ phase: { state, because, clock }, undoneAt }: Attempt): string {
  const progress =
    clock?.progress === undefined || state === 'finished'
      ? ''
      : `, last reported ${sayShare(clock.progress.fraction)} done`;
  const reason = because === undefined || state === 'unknown' ? '' : ` (${because})`;
  const was = `${states[state]}${reason}${progress}`;
  return undoneAt === undefined ? was : `undone at ${sayMoment(undoneAt).slice(11, 19)}; before that ${was}`;
}

/** How long the phase worked, without the time for which the guard held it. */
export const workedFor = ({ phase: { clock }, undoneAt }: Attempt, now: Instant): Millis | undefined =>
  clock === undefined ? undefined : worked(clock, clock.endedAt ?? undoneAt ?? now);

function attemptRow(story: Story, attempt: Attempt): readonly Inline[] {
  const { phase } = attempt;
  const place = story.state.phases.findIndex((one) => one.phase === phase.phase) + 1;
  const spent = workedFor(attempt, story.now);
  const estimate = phase.clock?.estimate;
  const share = spent === undefined || estimate === undefined ? undefined : times(spent, estimate);
  return [
    place,
    phase.attempt > 1 ? `${phase.phase}, attempt ${phase.attempt}` : phase.phase,
    sayState(attempt),
    estimate === undefined ? '' : sayDuration(estimate),
    spent === undefined ? '' : sayDuration(spent),
    share === undefined ? '' : `${share.toFixed(2)}x`,
    phase.clock === undefined ? '' : sayMoment(phase.clock.startedAt).slice(0, 19),
  ];
}

function phaseRows(story: Story): readonly (readonly Inline[])[] {
  return story.state.phases.flatMap((phase, index) => {
    const tried = story.attempts.filter((attempt) => attempt.phase.phase === phase.phase);
    if (tried.length > 0) return tried.map((attempt) => attemptRow(story, attempt));
    const planned = story.plan.phases.find(({ id }) => id === phase.phase);
    return [
      [
        index + 1,
        phase.phase,
        states[phase.state],
        planned === undefined ? '' : sayDuration(planned.estimate),
        '',
        '',
        '',
      ],
    ];
  });
}

/** Every phase with each of its attempts. */
export function phasesSection(story: Story): Markdown {
  const { clock } = story.state;
  const total =
    clock === undefined
      ? line`No phase was started.`
      : line`The run worked ${sayDuration(worked(clock, story.state.closed?.at ?? story.now))} of an estimated ${sayDuration(clock.estimate)}. Time while the run was held does not count.`;
  return blocks(
    heading(2, 'Phases'),
    table(['#', 'Phase', 'State', 'Estimate', 'Worked', 'Of that', 'Started (UTC)'], phaseRows(story)),
    total,
  );
}
