import { sayDuration } from '../core/kernel/duration.ts';
import { between, times } from '../core/kernel/units.ts';
import type { PhasePlan } from '../core/plan/phase.ts';
import { sayEffects, seenChanges } from './effects.ts';
import { workedFor } from './phases.ts';
import { proofOf } from './proof.ts';
import { type Chapter, entriesOf, mainChapters, sayPhaseName, type Story } from './story.ts';
import { and, sentence } from './wording.ts';

const phasePlan = ({ plan }: Story, phase: string): PhasePlan | undefined => plan.phases.find(({ id }) => id === phase);

/** Where to look for the cause: what the phase at fault declared to change, what it actually changed, and how far it got. */
export function causesOf(story: Story): readonly string[] {
  const suspects = mainChapters(story).flatMap(({ recommendation: { attributedTo, procedure } }) =>
    attributedTo === undefined ? procedure.phases : [attributedTo],
  );
  const found = [...new Set(suspects)].flatMap((phase) => {
    const planned = phasePlan(story, phase);
    const effects = planned === undefined ? [] : sayEffects(planned);
    const seen = seenChanges(story, phase);
    const name = sayPhaseName(story, phase);
    return [
      effects.length === 0
        ? `Suspect: ${name}. It declares no effects, so everything that it changed is undeclared.`
        : `Suspect: ${name}. It declares its effects: it ${effects.join('; ')}.`,
      ...(seen.length === 0 ? [] : [`Between its boundary and the next phase’s: ${seen.join(', ')}.`]),
    ];
  });
  return found.length === 0 ? ['The record names no suspect.'] : found;
}

function estimateLessons(story: Story): readonly string[] {
  return story.attempts.flatMap((attempt) => {
    const spent = workedFor(attempt, story.now);
    const estimate = attempt.phase.clock?.estimate;
    const share = spent === undefined || estimate === undefined ? undefined : times(spent, estimate);
    if (spent === undefined || estimate === undefined || share === undefined || share <= 1) return [];
    return [
      `${attempt.phase.phase} worked ${sayDuration(spent)} of an estimated ${sayDuration(estimate)}: revise the estimate.`,
    ];
  });
}

const hasWaited = ({ entries }: Story, { rollback }: Chapter): boolean =>
  entries.some(
    ({ event }) =>
      (event.type === 'step-asked' || event.type === 'rollback-blocked') && event.rollback === rollback?.id,
  );

function rollbackLessons(story: Story, chapter: Chapter): readonly string[] {
  const { recommendation, rollback } = chapter;
  const { procedure } = recommendation;
  if (procedure.kind === 'person') return [sentence(`Ripcord could not act: ${procedure.because}`)];
  const proof = proofOf(story, chapter);
  // Time spent waiting for a person says nothing about the steps.
  if (rollback === undefined || proof.state !== 'proved' || hasWaited(story, chapter)) return [];
  const took = between(rollback.startedAt, proof.at);
  if (procedure.estimate === undefined) return [`The rollback took ${sayDuration(took)} and has no estimate: add one.`];
  if (took <= procedure.estimate) return [];
  return [
    `The rollback took ${sayDuration(took)} of an estimated ${sayDuration(procedure.estimate)}: revise the estimate.`,
  ];
}

/** What the record shows about the plan itself. */
export function planLessons(story: Story): readonly string[] {
  const chapters = mainChapters(story);
  const reasons = [...new Set(chapters.flatMap(({ recommendation }) => recommendation.notAutomaticBecause))];
  const waited = chapters.length > 0 && reasons.length > 0;
  const lessons = [
    ...estimateLessons(story),
    ...chapters.flatMap((chapter) => rollbackLessons(story, chapter)),
    ...(waited
      ? [sentence(`Decide whether it should need a person next time. This time it did: ${reasons.join('; ')}`)]
      : []),
  ];
  return lessons.length === 0 ? ['The record shows no exceeded estimate.'] : lessons;
}

/** What would have detected the problem earlier. */
export function testLessons(story: Story): readonly string[] {
  const waived = entriesOf(story, 'requirement-waived').map(({ event }) => event.requirement);
  const by = new Set(
    mainChapters(story).flatMap(({ recommendation: { evidence } }) => evidence.map(({ subject }) => subject)),
  );
  return [
    ...(by.size === 0 ? [] : [`Found by ${and([...by])}: a rehearsal in staging should be able to fail on this too.`]),
    ...(waived.length === 0
      ? []
      : [`These requirements were waived, not met: ${and([...new Set(waived)])}. Meet them before the next attempt.`]),
  ];
}

/** Where the next attempt starts. */
export function nextAttempt({ state: { phases, closed } }: Story): readonly string[] {
  const applied = phases.filter(({ state }) => state === 'finished').map(({ phase }) => phase);
  const unclear = phases.filter(({ state }) => state === 'failed' || state === 'unknown' || state === 'running');
  const left = phases.filter(({ state }) => state === 'not-started' || state === 'undone').map(({ phase }) => phase);
  return [
    `Applied and kept: ${and(applied) || 'no phase'}. Still to do: ${and(left) || 'no phase'}.`,
    ...(unclear.length === 0
      ? []
      : [
          `First check ${and(unclear.map(({ phase, state }) => `${phase} (${state})`))}: it may have changed anything.`,
        ]),
    closed === undefined
      ? 'The run is open: continue from here, or close it and open a new run with a changed plan.'
      : 'The run is closed: the next attempt is a new run, with a new baseline.',
  ];
}

/** Tables that the phases declare to write. A script that undoes the schema may not undo the rows. */
export function dataLessons(story: Story): readonly string[] {
  const undone = mainChapters(story).flatMap(({ rollback }) => rollback?.procedure.phases ?? []);
  return [...new Set(undone)].flatMap((phase) => {
    const tables = Object.keys(phasePlan(story, phase)?.effects.writes ?? {});
    if (tables.length === 0) return [];
    return [`${phase} declares that it writes to ${and(tables)}: compare with the backup, and merge what is missing.`];
  });
}
