import { type Answer, fingerprintOf } from '../core/evidence/answer.ts';
import { nothingDeclared } from '../core/evidence/declared.ts';
import type { Cell, Finding } from '../core/evidence/finding.ts';
import { judgeRows } from '../core/evidence/judge-rows.ts';
import { checkId } from '../core/kernel/ids.ts';
import { instant, millis } from '../core/kernel/units.ts';
import type { CatalogueId, Limits } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { CheckPlan } from '../core/plan/questions.ts';
import type { Check, CheckInput, Server } from './check.ts';
import { checks } from './catalogue.ts';

const server: Server = {
  version: 180_000,
  extensions: new Map(),
  roles: new Set(['anon']),
  schemas: new Set(['public']),
  isReplica: false,
  checksums: true,
};

/** The check’s own example of a breach, in the form that its judge receives. */
export function exampleOf<Id extends CatalogueId>({ breach }: Check<Id>, limits: Limits<Id>): CheckInput<Id> {
  return {
    at: instant(60_000),
    baseline: undefined,
    boundary: undefined,
    declared: nothingDeclared,
    scope: {
      server,
      watchRoles: ['anon'],
      exposedSchemas: ['public'],
      staticTables: ['public.t'],
      phase: { role: undefined, tags: [] },
    },
    earlier: undefined,
    limits,
    ...breach,
  };
}

function canFail<Id extends CatalogueId>(check: Check<Id>, limits: Limits<Id>): boolean {
  try {
    const judged = check.judge(exampleOf(check, limits));
    return 'faults' in judged && judged.faults.length > 0;
  } catch {
    return false;
  }
}

const now = instant(0);
const before: Finding = {
  check: checkId('example'),
  at: now,
  took: millis(0),
  status: 'ok',
  summary: '',
  fingerprint: fingerprintOf({ rows: [['before']], fields: ['example'] }),
};

/** Every expectation rejects at least one of these answers. */
const answers: readonly Answer[] = [
  { rows: [], fields: ['example'] },
  { rows: [['found']], fields: ['example'] },
];

/** Repeats an example answer for as many columns as the expected rows have. */
const fitting = ({ rows, fields }: Answer, width: number): Answer => ({
  rows: rows.map(([cell = null]) => Array<Cell>(width).fill(cell)),
  fields: Array<string>(width).fill(fields[0] ?? ''),
});

function questionFails({ expect }: Pick<CheckPlan, 'expect'>): boolean {
  const width = typeof expect === 'object' && 'rows' in expect ? (expect.rows[0]?.length ?? 1) : 1;
  return answers.some((answer) => judgeRows(expect, fitting(answer, width), before).status === 'breach');
}

/**
 * The checks that could never fail, one sentence each: under the plan's own limits their judges accept an example of a
 * breach. `asked` lists the catalogue checks that run on this server.
 */
export function cannotFail(plan: Pick<Plan, 'checks' | 'catalogue'>, asked: readonly CatalogueId[]): readonly string[] {
  const fails = <Id extends CatalogueId>(id: Id): boolean => {
    const check: Check<Id> | undefined = checks[id];
    const limits = plan.catalogue[id];
    return check !== undefined && limits !== 'off' && canFail(check, limits as unknown as Limits<Id>);
  };
  return [
    ...plan.checks.filter((check) => !questionFails(check)).map(({ id }) => `check ${id} could never fail`),
    ...asked
      .filter((id) => !fails(id))
      .map((id) => `check ${id} could never fail under catalogue.${id} of the plan: tune it, or switch it off`),
  ];
}
