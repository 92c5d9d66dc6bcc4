import { sayError } from '../core/kernel/errors.ts';
import { phaseId } from '../core/kernel/ids.ts';
import { clause } from '../core/kernel/sentence.ts';
import { seconds } from '../core/kernel/units.ts';
import { sayWhole } from '../core/kernel/whole.ts';
import type { PhasePlan } from '../core/plan/phase.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Procedure } from '../core/response/procedure.ts';
import type { HeldConnection } from '../target/connection.ts';
import { quoteIdentifier } from '../target/identifiers.ts';

type Control = Pick<HeldConnection, 'query'>;

const relationOf = (name: string): string => name.split('.').map(quoteIdentifier).join('.');

/** What a phase has created goes with its rollback; of a table, with the rows that are in it by now. */
async function createdBy({ id, effects }: PhasePlan, control: Control): Promise<readonly string[]> {
  const sentences = effects.creates.map(async (name): Promise<readonly string[]> => {
    const asked = control.query('select to_regclass($1)::text', [relationOf(name)]);
    const exists = await asked.catch(sayError);
    if (typeof exists === 'string') return [`${id}: ${name}, which could not be looked at (${clause(exists)})`];
    if (exists.rows[0]?.[0] == null) return []; // a function, a constraint, or not there any more
    const counting = control.query(`select count(*) from ${relationOf(name)}`, [], { timeout: seconds(5) });
    return counting.then(
      ({ rows }) => [`${id}: table ${name} with ${sayWhole(Number(rows[0]?.[0]))} rows`],
      () => [`${id}: table ${name}, whose rows could not be counted in time`],
    );
  });
  return (await Promise.all(sentences)).flat();
}

/** Which changes of rows go, by what the phase declares: its script alone knows what it takes back. */
function writtenBy({ id, effects }: PhasePlan): readonly string[] {
  return Object.entries(effects.writes).map(([table, { rows, columns }]) => {
    const what = [
      ...(rows === 'grow' || rows === 'any' ? ['rows added to'] : []),
      ...(rows === 'shrink' || rows === 'any' ? ['rows deleted from'] : []),
      ...(columns.length > 0 ? [`what was written to ${columns.join(', ')} of`] : []),
    ];
    return `${id}: ${what.length === 0 ? 'what was written to' : what.join(', ')} ${table} since, as far as its script takes it back`;
  });
}

/** What would be gone afterwards, phase by phase, in the order in which they are undone. */
export async function lossesOf(
  plan: Plan,
  { kind, phases }: Pick<Procedure, 'kind' | 'phases'>,
  control: Control,
): Promise<readonly string[]> {
  if (kind === 'restore') {
    return ['everything written since the backup: how many rows that is, is not known yet'];
  }
  const undone = phases.flatMap((phase) => plan.phases.filter(({ id }) => phaseId(id) === phase));
  const each = undone.map(async (phase) => [...(await createdBy(phase, control)), ...writtenBy(phase)]);
  return (await Promise.all(each)).flat();
}
