import { nothingDeclared } from '../core/evidence/declared.ts';
import { instant } from '../core/kernel/units.ts';
import type { CatalogueId, CataloguePlan, Limits } from '../core/plan/catalogue.ts';
import type { Check, Look, Server } from './check.ts';
import { checks } from './catalogue.ts';

const server: Server = { version: 180_000, extensions: new Map(), roles: new Set(), isReplica: false };

function lookOf<Id extends CatalogueId>({ breach }: Check<Id>, limits: Limits<Id>): Look<Id> {
  return {
    at: instant(60_000),
    baseline: undefined,
    boundary: undefined,
    declared: nothingDeclared,
    scope: {
      server,
      watchRoles: ['anon'],
      exposedSchemas: ['public'],
      staticTables: [],
      phase: { role: undefined, tags: [] },
    },
    earlier: undefined,
    limits,
    ...breach,
  };
}

function canFail<Id extends CatalogueId>(check: Check<Id>, limits: Limits<Id>): boolean {
  try {
    const judged = check.judge(lookOf(check, limits));
    return 'faults' in judged && judged.faults.length > 0;
  } catch {
    return false;
  }
}

/** The checks whose judge lets its example of a breach pass, under the limits of the plan: they could never fail. */
export function cannotFail(
  plan: { readonly catalogue: CataloguePlan },
  ids: readonly CatalogueId[],
): readonly CatalogueId[] {
  const fails = <Id extends CatalogueId>(id: Id): boolean => {
    const check: Check<Id> | undefined = checks[id];
    const limits = plan.catalogue[id];
    return check !== undefined && limits !== 'off' && canFail(check, limits as unknown as Limits<Id>);
  };
  return ids.filter((id) => !fails(id));
}
