import type { Scope, Server } from '../checks/check.ts';
import { type Declared, namesNow, nothingDeclared } from '../core/evidence/declared.ts';
import { type PhaseId, phaseId } from '../core/kernel/ids.ts';
import { type PhasePlan, tablesOf } from '../core/plan/phase.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { SchemaState } from '../core/plan/statements.ts';
import type { PhaseState } from '../core/run/phases.ts';
import { isBeingUndone, schemaState } from '../core/run/schema-state.ts';
import { rollbackUnderWay, type RunState } from '../core/run/state.ts';

/** A phase that stopped before its end changes nothing more, so the checks judge what it left behind. */
function countsAs(state: RunState, phase: PhaseState, atWork: ReadonlySet<PhaseId>): SchemaState | 'left' | 'lost' {
  const known = schemaState(state, phase);
  if (known !== 'under-way' || phase.state === 'running' || isBeingUndone(state, phase)) return known;
  if (phase.state !== 'unknown') return 'left';
  return atWork.has(phase.phase) ? 'under-way' : 'lost';
}

/** The declared effects that count now. `atWork`: lost phases of which a process or session is still running. */
export function declaredNow(
  { phases }: Plan,
  state: RunState | undefined,
  atWork: ReadonlySet<PhaseId> = new Set(),
): Declared {
  if (state === undefined) return nothingDeclared;
  const counting = (wanted: 'applied' | 'under-way' | 'left' | 'lost'): readonly PhasePlan[] =>
    phases.filter(({ id }) => {
      const phase = state.phases.find((one) => one.phase === phaseId(id));
      return phase !== undefined && countsAs(state, phase, atWork) === wanted;
    });
  return {
    underWay: counting('under-way'),
    applied: counting('applied'),
    left: counting('left'),
    lost: counting('lost'),
  };
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
  readonly code: Scope['code'];
  readonly aside: Scope['aside'];
  readonly rows: Scope['rows'];
  readonly noReachLogin: boolean;
}

/** Everything that the catalogue checks need to know before they query the target. */
export function scopeOf({ plan, role, state, server, ...sessions }: ScopeParts): Scope {
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
    ...sessions,
  };
}

/** No phase and no rollback is running. Otherwise, expensive checks would get in its way; they run at the end anyway. */
export const isQuiet = (now: RunState | undefined): boolean =>
  now?.baseline !== undefined &&
  now.closed === undefined &&
  now.capture === undefined &&
  rollbackUnderWay(now) === undefined &&
  !now.phases.some(({ state }) => state === 'running' || state === 'unknown');
