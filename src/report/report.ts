import { sayTarget } from '../core/evidence/target.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import type { Instant } from '../core/kernel/units.ts';
import { notesIn } from '../core/plan/logins.ts';
import type { Plan } from '../core/plan/plan.ts';
import { chainSection } from './chain.ts';
import { decidingSection } from './deciding.ts';
import { evidenceSection } from './evidence.ts';
import { blocks, bold, heading, type Markdown, line } from './markdown.ts';
import { nextSection } from './next.ts';
import { phasesSection } from './phases.ts';
import { stepsSection } from './steps.ts';
import { type Story, tellStory, type Told } from './story.ts';
import { summarySection } from './summary.ts';
import { timelineSection } from './timeline.ts';
import { timesSection } from './times.ts';
import { verificationSection } from './verification.ts';
import { watchSection } from './watch.ts';

function title({ state, now, chapters, plan: planned }: Story): Markdown {
  const { run, plan, environment, target, openedAt } = state;
  const rolledBack = chapters.some(({ rollback }) => rollback !== undefined);
  return blocks(
    heading(1, rolledBack ? line`Post-rollback analysis of run ${run}` : line`Report on run ${run}`),
    line`Plan ${bold(plan.name)} in ${bold(environment)}, on ${sayTarget(target)} (cluster ${target.system}). Opened at ${sayMoment(openedAt)}, reported at ${sayMoment(now)}. Times are in UTC.`,
    ...notesIn(planned, environment).map((note) => line`${bold('Logins')}: ${note}.`),
  );
}

/**
 * The analysis of a run as Markdown (GitHub's flavour), computed only from the plan and from the run's entries, starting with
 * the first. Works at any moment of a run and says what has not happened yet. Throws NothingRecorded.
 */
export function markdownReport(of: {
  readonly plan: Plan;
  readonly entries: readonly Told[];
  readonly now: Instant;
}): string {
  const story = tellStory(of.plan, of.entries, of.now);
  const { markdown } = blocks(
    title(story),
    summarySection(story),
    timesSection(story),
    evidenceSection(story),
    decidingSection(story),
    stepsSection(story),
    verificationSection(story),
    watchSection(story),
    phasesSection(story),
    nextSection(story),
    timelineSection(story),
    chainSection(story),
  );
  return `${markdown}\n`;
}
