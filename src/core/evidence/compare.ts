import {
  type Boundary,
  compareSchemas,
  isPrinted,
  notPrinted,
  sayDifference,
  type SchemaSnapshot,
  unprintedIn,
} from './boundary.ts';
import { checkId, type CheckId } from '../kernel/ids.ts';
import type { CheckPlan, Expectation } from '../plan/questions.ts';
import { type Fault, type Finding, freshFaults } from './finding.ts';
import { isKnown, type Known, sayNew, sayUnlikened } from './known.ts';

/** What each check of the plan expects. */
export type Expectations = ReadonlyMap<CheckId, Expectation>;

export const expectationsOf = (checks: readonly Pick<CheckPlan, 'id' | 'expect'>[]): Expectations =>
  new Map(checks.map(({ id, expect }) => [checkId(id), expect]));

/** The current state. The schema is `undefined` if it could not be read. */
export interface Present {
  readonly schema: SchemaSnapshot | undefined;
  readonly findings: readonly Finding[];
  readonly expects: Expectations;
}

export interface Comparison {
  readonly outcome: 'same' | 'different' | 'unknown';
  /** Each difference in one sentence. */
  readonly differences: readonly string[];
  /** What could not be compared, one sentence each. */
  readonly unseen: readonly string[];
  /** The number of schema objects that are the same. */
  readonly objects: number;
  /** The number of checks that find no fault now. */
  readonly well: number;
  /** Checks in breach that are not worse than at the boundary, one sentence each. */
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
 * Faults of a catalogue check that come and go by themselves, such as a lock, are no difference. Any other breach that
 * existed at the boundary is worse, unless its answer is the boundary's or a part of it: some of its rows may be known.
 */
function isNoWorse(before: Finding | undefined, now: Finding, expect: Expectation | undefined): Known {
  if (now.status !== 'breach') return 'yes';
  if (now.faults !== undefined && freshFaults(now, before).some(isVeto)) return 'no';
  if (now.faults !== undefined) return now.unseen === undefined ? 'yes' : 'unknown';
  return isKnown(before, now, expect);
}

const sameObjects = (before: SchemaSnapshot, now: SchemaSnapshot): number =>
  Object.entries(before).filter(([object, was]) => was === now[object] && isPrinted(was)).length;

/** `the definition of view side.v was not compared: it belongs to mallory, and PostgreSQL cannot print it`. */
function unprinted(before: SchemaSnapshot, now: SchemaSnapshot): readonly string[] {
  const all = unprintedIn(before, now);
  const why = (object: string) =>
    [now[object], before[object]].find((said) => said !== undefined && !isPrinted(said))?.slice(notPrinted.length);
  const more = all.length - mostSaid;
  return [
    ...all.slice(0, mostSaid).map((object) => `the definition of ${object} was not compared: ${why(object)}`),
    ...(more > 0 ? [`${more} more definitions were not compared`] : []),
  ];
}

/** A new fault without a veto is no difference, but it also did not match the boundary, so the sentence says so. */
function sayNoWorse(before: Finding | undefined, now: Finding): string {
  const isNew = now.faults !== undefined && freshFaults(now, before).length > 0;
  return `${now.check}${isNew ? ' (what is new of it is no veto)' : ''}: ${now.summary}`;
}

const couldNotLook = ({ status }: Finding): boolean => status === 'unknown' || status === 'error';

/**
 * Whether undoing a phase brought back its boundary. A difference outweighs what could not be compared, and that outweighs
 * what is the same. A check of the boundary without a finding now counts as not compared.
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
    ...(schema === undefined ? ['the schema could not be read'] : unprinted(boundary.schema, schema)),
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
