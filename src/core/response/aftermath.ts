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

/** What stands beside a comparison with a boundary: nobody may take it for compared. */
export interface Aftermath {
  /** Of the checks that the rollback was recommended for, what is still not well. */
  readonly evidence: readonly string[];
  /** What is not well of checks that no comparison judges. */
  readonly others: readonly string[];
  /** How many checks no comparison judges. */
  readonly unjudged: number;
}

export interface Afterwards {
  /** Looked at since the step began. */
  readonly findings: readonly Finding[];
  readonly evidence: readonly Verdict[];
  readonly baseline: Baseline | undefined;
  readonly expects: Expectations;
  /** Whether a comparison judges the check. */
  readonly isJudged: (check: string) => boolean;
}

const inBaseline = ({ baseline }: Afterwards, { check }: Finding): Finding | undefined =>
  baseline?.findings.find((one) => one.check === check);

/** What the baseline does not show of a breach, as far as it is about these objects; undefined where nothing is left. */
function stillWrong(after: Afterwards, now: Finding, objects?: readonly string[]): string | undefined {
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

function ofEvidence(after: Afterwards, now: Finding): readonly string[] {
  const about = after.evidence.find(({ subject }) => subject === now.check);
  if (about === undefined || now.status === 'ok' || now.young === true) return [];
  if (now.status !== 'breach') return [`${now.check} cannot be looked at: ${now.summary}`];
  // Where it was more than is named, all of it is what the rollback was recommended for.
  const left = stillWrong(after, now, about.more === undefined ? about.objects : undefined);
  return left === undefined ? [] : [left];
}

export function aftermathOf(after: Afterwards): Aftermath {
  const others = after.findings.filter(({ check }) => !after.isJudged(check));
  return {
    evidence: after.findings.flatMap((now) => ofEvidence(after, now)),
    others: others.filter(({ status }) => status === 'breach').flatMap((now) => stillWrong(after, now) ?? []),
    unjudged: others.length,
  };
}

/**
 * Whether a comparison is the first after everything was undone: then what the rollback was recommended for has to be well.
 * Before that, phases may still be applied that are at fault.
 */
export function isAfterAll({ steps }: Rollback, id: StepId): boolean {
  const last = steps.findLastIndex(({ step }) => step.kind !== 'verify' && step.phase !== undefined);
  return steps.slice(last + 1).find(({ step }) => step.kind === 'verify')?.step.id === id;
}

const each = (title: string, all: readonly string[]): readonly string[] => all.map((one) => `${title}: ${one}`);

/** What was compared and is the same; then what is not well, and what was not compared. One line each. */
export function sayCompared(
  phase: PhaseId,
  { objects, well, notWell }: Comparison,
  { evidence, others, unjudged }: Aftermath,
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
