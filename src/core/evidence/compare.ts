import { type Boundary, compareSchemas, sayDifference, type SchemaSnapshot } from './boundary.ts';
import { type Fault, type Finding, freshFaults } from './finding.ts';

/** What is there now. A schema that could not be read is `undefined`. */
export interface Present {
  readonly schema: SchemaSnapshot | undefined;
  readonly findings: readonly Finding[];
}

export interface Comparison {
  readonly outcome: 'same' | 'different' | 'unknown';
  /** Why it is not the same, one sentence each. */
  readonly differences: readonly string[];
  /** What could not be looked at, one sentence each. */
  readonly unseen: readonly string[];
}

const mostSaid = 50;

function schemaDifferences(before: SchemaSnapshot, now: SchemaSnapshot): readonly string[] {
  const all = compareSchemas(before, now);
  const more = all.length - mostSaid;
  return [
    ...all.slice(0, mostSaid).map(sayDifference),
    ...(more > 0 ? [`and ${more} more objects of the schema`] : []),
  ];
}

const isVeto = ({ consequence }: Fault): boolean => consequence === 'veto';

/**
 * Of a check of the catalogue, what may come and go by itself, such as a lock, is no difference. Another breach that the
 * boundary had too is worse only when it has more rows: some of them are known, some are new.
 */
function worsened(before: Finding | undefined, now: Finding): boolean {
  if (now.status !== 'breach') return false;
  if (now.faults !== undefined) return freshFaults(now, before).some(isVeto);
  if (before?.status !== 'breach') return true;
  return before.rowCount !== undefined && (now.rowCount ?? Number.POSITIVE_INFINITY) > before.rowCount;
}

const couldNotLook = ({ status }: Finding): boolean => status === 'unknown' || status === 'error';

/**
 * Did undoing a phase bring back its boundary? A difference outweighs what could not be looked at, which outweighs what is
 * the same. A check of the boundary without a finding now counts as not looked at.
 */
export function compareWithBoundary(boundary: Boundary, { schema, findings }: Present): Comparison {
  const before = new Map(boundary.findings.map((finding) => [finding.check, finding]));
  const asked = new Set(findings.map(({ check }) => check));
  const differences = [
    ...(schema === undefined ? [] : schemaDifferences(boundary.schema, schema)),
    ...findings
      .filter((finding) => worsened(before.get(finding.check), finding))
      .map(({ check, summary }) => `${check} is worse than at the boundary: ${summary}`),
  ];
  const unseen = [
    ...(schema === undefined ? ['the schema could not be read'] : []),
    ...findings.filter(couldNotLook).map(({ check, summary }) => `${check}: ${summary}`),
    ...[...before.keys()].filter((check) => !asked.has(check)).map((check) => `${check} was not asked`),
  ];
  const outcome = differences.length > 0 ? 'different' : unseen.length > 0 ? 'unknown' : 'same';
  return { outcome, differences, unseen };
}
