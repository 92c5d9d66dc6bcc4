import type { Outlook, StepOutlook } from '../api/guard.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import { worked } from '../core/evidence/phase-clock.ts';
import { phaseId, type PhaseId } from '../core/kernel/ids.ts';
import { type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { sayWhole } from '../core/kernel/whole.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Step } from '../core/response/step.ts';
import { procedureFor, type Wanted } from '../core/run/decide/orders.ts';
import { runningPhase } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { quoteIdentifier } from '../target/identifiers.ts';
import type { LoadedPlan } from './load-plan.ts';
import { findShortcomings } from './shortcomings.ts';
import type { TargetDesk } from './target-desk.ts';
import { prove } from './undoing.ts';

export interface OutlookParts {
  readonly loaded: LoadedPlan;
  readonly desk: TargetDesk;
  readonly state: RunState;
  readonly wanted: Wanted;
  readonly now: Instant;
}

const sayProof = { true: 'holds', false: 'does not hold' } as const;

async function outlookOfStep({ loaded, desk }: OutlookParts, step: Step): Promise<StepOutlook> {
  const { fill } = loaded;
  const { id, kind, timeout, repeatable, proof } = step;
  const does = kind === 'command' ? step.command.map(fill).join(' ') : kind === 'sql' ? fill(step.sql) : undefined;
  const holds = await prove({ desk, fill }, step).catch(() => undefined);
  return {
    step: id,
    kind,
    timeout,
    repeatable,
    ...(does !== undefined && { does }),
    ...(proof !== undefined && { proof: holds === undefined ? 'unknown' : sayProof[`${holds}`] }),
  };
}

/** By its own estimate; nothing where it is over that already. */
function remainingOf({ state, now }: OutlookParts): Millis | undefined {
  const clock = runningPhase(state.phases)?.clock;
  return clock === undefined ? undefined : millis(Math.max(0, clock.estimate - worked(clock, now)));
}

const relationOf = (name: string): string => name.split('.').map(quoteIdentifier).join('.');

/** What a phase has created goes with its rollback; of a table, with the rows that are in it by now. */
async function losesOf(plan: Plan, { desk }: OutlookParts, phases: readonly PhaseId[]): Promise<readonly string[]> {
  const undone = plan.phases.filter(({ id }) => phases.includes(phaseId(id)));
  const created = undone.flatMap(({ effects }) => effects.creates);
  const sentences = created.map(async (name): Promise<readonly string[]> => {
    const exists = await desk.control.query('select to_regclass($1)::text', [relationOf(name)]);
    if (exists.rows[0]?.[0] == null) return []; // a function, a constraint, or not there any more
    const counting = desk.control.query(`select count(*) from ${relationOf(name)}`, [], { timeout: seconds(5) });
    return counting.then(
      ({ rows }) => [`table ${name} with ${sayWhole(Number(rows[0]?.[0]))} rows`],
      () => [`table ${name}, whose rows could not be counted in time`],
    );
  });
  const rewritten = undone.flatMap(({ effects }) =>
    Object.entries(effects.writes).flatMap(([table, { columns }]) =>
      columns.length === 0
        ? []
        : [`what was written to ${columns.join(', ')} of ${table} since, if the script restores it`],
    ),
  );
  return [...(await Promise.all(sentences)).flat(), ...rewritten];
}

const sinceTheBackup = 'everything that was written to the database since the backup';

/** What ordering a rollback now would do. Looks only. */
export async function outlookOf(parts: OutlookParts): Promise<Outlook | { readonly refused: Refusal }> {
  const { loaded, desk, state, wanted } = parts;
  const ordered = procedureFor(loaded.plan, state, wanted);
  if (!('procedure' in ordered)) return { refused: ordered };
  const { kind, phases, steps, estimate } = ordered.procedure;
  const remaining = remainingOf(parts);
  return {
    phases,
    steps: await Promise.all(steps.map((step) => outlookOfStep(parts, step))),
    loses: kind === 'restore' ? [sinceTheBackup] : await losesOf(loaded.plan, parts, phases),
    obstacles: await findShortcomings(desk, loaded),
    ...(estimate !== undefined && { estimate }),
    ...(remaining !== undefined && { remaining }),
  };
}
