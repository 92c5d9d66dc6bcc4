import type { Scope, Server } from '../checks/check.ts';
import { type Declared, namesNow, nothingDeclared } from '../core/evidence/declared.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { phaseId } from '../core/kernel/ids.ts';
import { type PhasePlan, tablesOf } from '../core/plan/phase.ts';
import type { Plan } from '../core/plan/plan.ts';
import { isUnderWay } from '../core/response/rollback.ts';
import type { RunState } from '../core/run/state.ts';
import { schemaState } from './schema-state.ts';

/** What the phases have declared that counts now. */
export function declaredNow({ phases }: Plan, state: RunState | undefined): Declared {
  if (state === undefined) return nothingDeclared;
  const inState = (wanted: 'applied' | 'under-way'): readonly PhasePlan[] =>
    phases.filter(({ id }) => {
      const phase = state.phases.find((one) => one.phase === phaseId(id));
      return phase !== undefined && schemaState(state, phase) === wanted;
    });
  return { underWay: inState('under-way'), applied: inState('applied') };
}

const namedBy = ({ effects }: PhasePlan): readonly string[] => [
  ...Object.keys(effects.renames),
  ...Object.keys(effects.writes),
  ...effects.rls,
  ...tablesOf(effects.policies),
  ...tablesOf(effects.grants),
];

export interface ScopeParts {
  readonly plan: Plan;
  readonly role: string | undefined;
  readonly state: RunState | undefined;
  readonly server: Server;
  readonly aside: Scope['aside'];
}

/** What the checks of the catalogue must know before they can ask. */
export function scopeOf({ plan, role, state, server, aside }: ScopeParts): Scope {
  const { integrity, security } = plan.criteria;
  const declared = declaredNow(plan, state);
  const now = (tables: readonly string[]) => [...new Set(tables.flatMap((table) => namesNow(declared, table)))];
  const watchRoles = security.watch_roles;
  return {
    server,
    watchRoles,
    exposedSchemas: security.exposed_schemas,
    identities:
      security.identities.length > 0
        ? security.identities
        : watchRoles.map((watched) => ({ id: watched, role: watched, claims: {} })),
    staticTables: now(integrity.static_tables),
    phaseTables: now(plan.phases.flatMap(namedBy)),
    phases: plan.phases,
    phase: { role, tags: (state?.phases ?? []).flatMap(({ supervisor }) => supervisor?.tag ?? []) },
    aside,
  };
}

/** It is not that it is too early to tell. */
export const couldNotLook = ({ status, young }: Finding): boolean =>
  (status === 'unknown' || status === 'error') && young !== true;

/** Nobody is at work: what reads much would be in the way, and is asked at the end anyway. */
export const isQuiet = (now: RunState | undefined): boolean =>
  now?.baseline !== undefined &&
  now.closed === undefined &&
  now.capture === undefined &&
  !isUnderWay(now.rollback) &&
  !now.phases.some(({ state }) => state === 'running' || state === 'unknown');
