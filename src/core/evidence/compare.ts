import { type Boundary, compareSchemas, sayDifference, type SchemaSnapshot } from './boundary.ts';
import { checkId, type CheckId } from '../kernel/ids.ts';
import type { CheckPlan, Expectation } from '../plan/questions.ts';
import { type Fault, type Finding, freshFaults } from './finding.ts';
import { isKnown, type Known, sayNew, sayUnlikened } from './known.ts';

/** What each check of the plan expects. */
export type Expectations = ReadonlyMap<CheckId, Expectation>;

export const expectationsOf = (checks: readonly Pick<CheckPlan, 'id' | 'expect'>[]): Expectations =>
  new Map(checks.map(({ id, expect }) => [checkId(id), expect]));

/** What is there now. A schema that could not be read is `undefined`. */
export interface Present {
  readonly schema: SchemaSnapshot | undefined;
  readonly findings: readonly Finding[];
  readonly expects: Expectations;
}

export interface Comparison {
  readonly outcome: 'same' | 'different' | 'unknown';
  /** Why it is not the same, one sentence each. */
  readonly differences: readonly string[];
  /** What could not be looked at, one sentence each. */
  readonly unseen: readonly string[];
  /** How many objects of the schema are the same. */
  readonly objects: number;
  /** How many checks find nothing wrong now. */
  readonly well: number;
  /** Which checks are in breach, and not worse than at the boundary: one sentence each. */
  readonly notWell: readonly string[];
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
 * boundary had too is worse unless its answer is that of the boundary, or a part of it: some of a check's rows may be known.
 */
function isNoWorse(before: Finding | undefined, now: Finding, expect: Expectation | undefined): Known {
  if (now.status !== 'breach') return 'yes';
  if (now.faults !== undefined && freshFaults(now, before).some(isVeto)) return 'no';
  if (now.faults !== undefined) return now.unseen === undefined ? 'yes' : 'unknown';
  return isKnown(before, now, expect);
}

const sameObjects = (before: SchemaSnapshot, now: SchemaSnapshot): number =>
  Object.keys(before).filter((object) => before[object] === now[object]).length;

/** What is new and no veto is said: it is no difference, and no comparison has found it to be as it was. */
function sayNoWorse(before: Finding | undefined, now: Finding): string {
  const isNew = now.faults !== undefined && freshFaults(now, before).length > 0;
  return `${now.check}${isNew ? ' (what is new of it is no veto)' : ''}: ${now.summary}`;
}

const couldNotLook = ({ status }: Finding): boolean => status === 'unknown' || status === 'error';

/**
 * Did undoing a phase bring back its boundary? A difference outweighs what could not be looked at, which outweighs what is
 * the same. A check of the boundary without a finding now counts as not looked at.
 */
export function compareWithBoundary(boundary: Boundary, { schema, findings, expects }: Present): Comparison {
  const before = new Map(boundary.findings.map((finding) => [finding.check, finding]));
  const asked = new Set(findings.map(({ check }) => check));
  const judged = findings.map((now) => ({ now, known: isNoWorse(before.get(now.check), now, expects.get(now.check)) }));
  const likened = (wanted: Known) => judged.filter(({ known }) => known === wanted).map(({ now }) => now);
  const sayWorse = (now: Finding): string =>
    expects.get(now.check) === 'no rows' ? sayNew(before.get(now.check), now) : now.summary;
  const differences = [
    ...(schema === undefined ? [] : schemaDifferences(boundary.schema, schema)),
    ...likened('no').map((finding) => `${finding.check} is worse than at the boundary: ${sayWorse(finding)}`),
  ];
  const unseen = [
    ...(schema === undefined ? ['the schema could not be read'] : []),
    ...findings.filter(couldNotLook).map(({ check, summary }) => `${check}: ${summary}`),
    ...likened('unknown').map(
      ({ check, summary, unseen: part }) => `${check}: ${part ?? sayUnlikened(summary, 'boundary')}`,
    ),
    ...[...before.keys()].filter((check) => !asked.has(check)).map((check) => `${check} was not asked`),
  ];
  const outcome = differences.length > 0 ? 'different' : unseen.length > 0 ? 'unknown' : 'same';
  return {
    outcome,
    differences,
    unseen,
    objects: schema === undefined ? 0 : sameObjects(boundary.schema, schema),
    well: findings.filter(({ status }) => status === 'ok').length,
    notWell: likened('yes')
      .filter(({ status }) => status === 'breach')
      .map((now) => sayNoWorse(before.get(now.check), now)),
  };
}
