import type { Status } from '../core/evidence/finding.ts';
import { sayBlindness } from '../core/run/blindness.ts';
import type { EvidenceEvent } from '../core/run/events.ts';
import { keyOf, type Verdict } from '../core/verdicts/verdict.ts';
import { and, counted, sayVerdict } from './wording.ts';

/** What a check's status means, as the middle of a sentence. */
const sayFinding: Readonly<Record<Status, string>> = {
  ok: 'is well',
  unknown: 'could not look',
  error: 'is itself broken',
  breach: 'finds a breach',
};

const mostNamed = 4;
const questions = (verdicts: readonly Verdict[]): string => {
  const named = verdicts.slice(0, mostNamed).map((verdict) => keyOf(verdict).split(':').join(' of '));
  const more = verdicts.length - named.length;
  return and([...named, ...(more > 0 ? [`${more} more`] : [])]);
};

/** Lists the worst first, and only counts what is well if something is worse. */
export function sayVerdicts(verdicts: readonly Verdict[]): string {
  const breaches = verdicts.filter(({ status }) => status === 'breach');
  const warnings = verdicts.filter(({ status, warning }) => status === 'ok' && warning);
  const unknown = verdicts.filter(({ status }) => status === 'unknown' || status === 'error');
  const well = verdicts.filter(({ status, warning }) => status === 'ok' && !warning);
  const parts = [
    ...breaches.map((verdict) => `Breach of ${sayVerdict(verdict)}`),
    ...warnings.map((verdict) => `Warning about ${sayVerdict(verdict)}`),
    ...(unknown.length === 1 ? unknown.map((verdict) => `Unknown, ${sayVerdict(verdict)}`) : []),
    ...(unknown.length > 1 ? [`Unknown: ${questions(unknown)}`] : []),
    ...(well.length === 1 ? well.map((verdict) => `Well, ${sayVerdict(verdict)}`) : []),
    ...(well.length > 1 && verdicts.length === well.length ? [`Well: ${questions(well)}`] : []),
    ...(well.length > 1 && verdicts.length > well.length
      ? [counted(well.length, 'answer is', 'answers are') + ' well']
      : []),
  ];
  return parts.length === 0 ? 'Nothing has changed' : parts.join('. ');
}

/** Describes what the guard sees. */
export function sayEvidence(event: EvidenceEvent): string {
  switch (event.type) {
    case 'verdicts-changed':
      return sayVerdicts(event.verdicts);
    case 'finding-changed': {
      const { check, status, summary } = event.finding;
      return `Check ${check} ${sayFinding[status]}: ${summary}`;
    }
    case 'guard-blinded':
      return `The guard is blind: ${sayBlindness(event.probes, and)}`;
    case 'guard-sighted':
      return 'The guard is no longer blind: every probe gives evidence';
  }
}
