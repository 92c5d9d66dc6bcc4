import type { Baseline } from '../evidence/baseline.ts';
import { notInSnapshot } from '../evidence/boundary.ts';
import type { Comparison, Expectations } from '../evidence/compare.ts';
import { type Finding, freshFaults } from '../evidence/finding.ts';
import { isKnown, sayUnlikened } from '../evidence/known.ts';
import { count } from '../kernel/count.ts';
import type { PhaseId, StepId } from '../kernel/ids.ts';
import { sayFaults } from '../verdicts/catalogue.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { Rollback } from './rollback.ts';

/** Findings that accompany a comparison with a boundary, so that nobody takes them for compared. */
export interface PostRollbackFindings {
  /** Faults that remain in the checks that the rollback was recommended for. */
  readonly evidence: readonly string[];
  /** Faults of checks that no comparison judges. */
  readonly others: readonly string[];
  /** The number of checks that no comparison judges. */
  readonly unjudged: number;
}

export interface PostRollbackState {
  /** Findings since the step began. */
  readonly findings: readonly Finding[];
  readonly evidence: readonly Verdict[];
  readonly baseline: Baseline | undefined;
  readonly expects: Expectations;
  /** Whether a comparison judges the check. */
  readonly isJudged: (check: string) => boolean;
}

const inBaseline = ({ baseline }: PostRollbackState, { check }: Finding): Finding | undefined =>
  baseline?.findings.find((one) => one.check === check);

/** The faults that the baseline does not contain, limited to `objects`; undefined if none remain. */
function stillWrong(after: PostRollbackState, now: Finding, objects?: readonly string[]): string | undefined {
  const before = inBaseline(after, now);
  if (now.faults !== undefined) {
    const about = objects === undefined ? undefined : new Set(objects);
    const fresh = freshFaults(now, before).filter(({ object }) => about?.has(object) ?? true);
    if (fresh.length === 0) return now.unseen === undefined ? undefined : `${now.check}: ${now.unseen}`;
    return `${now.check}: ${sayFaults(fresh)}`;
  }
  const known = isKnown(before, now, after.expects.get(now.check));
  if (known === 'yes') return undefined;
  return `${now.check}: ${known === 'no' ? now.summary : sayUnlikened(now.summary, 'baseline')}`;
}

function ofEvidence(after: PostRollbackState, now: Finding): readonly string[] {
  const about = after.evidence.find(({ subject }) => subject === now.check);
  if (about === undefined || now.status === 'ok' || now.warmingUp === true) return [];
  if (now.status !== 'breach') return [`${now.check} cannot be checked: ${now.summary}`];
  // If the evidence did not name all objects, the whole check counts as evidence.
  const left = stillWrong(after, now, about.more === undefined ? about.objects : undefined);
  return left === undefined ? [] : [left];
}

export function postRollbackFindings(after: PostRollbackState): PostRollbackFindings {
  const others = after.findings.filter(({ check }) => !after.isJudged(check));
  return {
    evidence: after.findings.flatMap((now) => ofEvidence(after, now)),
    others: others.filter(({ status }) => status === 'breach').flatMap((now) => stillWrong(after, now) ?? []),
    unjudged: others.length,
  };
}

/**
 * Whether this is the first comparison after everything was undone. Only then must the evidence of the recommendation be
 * well: before that, faulty phases may still be applied.
 */
export function isAfterAll({ steps }: Rollback, id: StepId): boolean {
  const last = steps.findLastIndex(({ step }) => step.kind !== 'verify' && step.phase !== undefined);
  return steps.slice(last + 1).find(({ step }) => step.kind === 'verify')?.step.id === id;
}

const each = (title: string, all: readonly string[]): readonly string[] => all.map((one) => `${title}: ${one}`);

/** First what was compared and matches, then remaining faults, then what was not compared. One line each. */
export function sayCompared(
  phase: PhaseId,
  { objects, well, notWell }: Comparison,
  { evidence, others, unjudged }: PostRollbackFindings,
): readonly string[] {
  const seen = `${count(objects, 'object')} of the schema ${objects === 1 ? 'is as it was' : 'are as they were'}`;
  const never = unjudged === 0 ? [] : [`${count(unjudged, 'check')} that never veto`];
  return [
    `${seen} before ${phase}, and ${count(well, 'check')} ${well === 1 ? 'is' : 'are'} well`,
    ...each('Not well, and no worse than at the boundary', notWell),
    ...each('Not well, and not compared', others),
    ...each('Not well yet, of what the rollback was recommended for', evidence),
    `Not compared: ${[...never, 'what probes see', ...notInSnapshot].join(', ')}`,
  ];
}
