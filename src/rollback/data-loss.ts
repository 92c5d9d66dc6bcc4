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
import type { RelationCode } from '../target/untrusted-code.ts';

/** The sources of the estimate: the catalogs, and tables whose rows can be counted without running untrusted code. */
export interface DataLossSources {
  readonly catalogs: Pick<HeldConnection, 'query'>;
  readonly rows: Pick<HeldConnection, 'query'>;
  readonly code: (relations: readonly string[]) => RelationCode;
}

/** A name without a schema refers to `public`, as everywhere in a plan's effects. */
const relationOf = (name: string): string =>
  (name.includes('.') ? name : `public.${name}`).split('.').map(quoteIdentifier).join('.');

const sayFailed = (error: unknown): string => clause(sayError(error));

async function countedRows(name: string, oid: string, { rows, code }: DataLossSources): Promise<string> {
  const why = await code([oid]).why(oid).catch(sayFailed);
  if (why !== undefined) return `table ${name}, whose rows were not counted: ${why}`;
  const relation = { oid, name: relationOf(name) };
  const counting = rows.query(`select count(*) from ${relation.name}`, [], {
    timeout: seconds(5),
    holding: [relation],
  });
  return counting.then(
    ({ rows: [row] }) => `table ${name} with ${sayWhole(Number(row?.[0]))} rows`,
    () => `table ${name}, whose rows could not be counted in time`,
  );
}

const isTable = (kind: string | null | undefined): boolean => kind === 'r' || kind === 'p';

/** The rollback drops what the phase created. For a table, that includes its current rows. */
async function createdBy({ id, effects }: PhasePlan, sources: DataLossSources): Promise<readonly string[]> {
  const sentences = effects.creates.map(async (name): Promise<readonly string[]> => {
    const question = 'select c.oid, c.relkind from pg_class c where c.oid = to_regclass($1)';
    const found = await sources.catalogs.query(question, [relationOf(name)]).catch(sayFailed);
    if (typeof found === 'string') return [`${id}: ${name}, which could not be inspected (${found})`];
    const [[oid, kind] = []] = found.rows;
    if (oid == null) return []; // a function, a constraint, or already dropped
    return [`${id}: ${isTable(kind) ? await countedRows(name, oid, sources) : name}`];
  });
  return (await Promise.all(sentences)).flat();
}

/** The row changes that may be lost, by the phase's declaration. Only its script knows what it actually reverts. */
function writtenBy({ id, effects }: PhasePlan): readonly string[] {
  return Object.entries(effects.writes).map(([table, { rows, columns }]) => {
    const what = [
      ...(rows === 'grow' || rows === 'any' ? ['rows added to'] : []),
      ...(rows === 'shrink' || rows === 'any' ? ['rows deleted from'] : []),
      ...(columns.length > 0 ? [`what was written to ${columns.join(', ')} of`] : []),
    ];
    return `${id}: ${what.length === 0 ? 'what was written to' : what.join(', ')} ${table} since then, as far as its script reverts it`;
  });
}

/** What would be lost, phase by phase, in the order of the rollback. */
export async function estimateDataLoss(
  plan: Plan,
  { kind, phases }: Pick<Procedure, 'kind' | 'phases'>,
  sources: DataLossSources,
): Promise<readonly string[]> {
  if (kind === 'restore') {
    return ['everything written since the backup; the number of rows is not known yet'];
  }
  const undone = phases.flatMap((phase) => plan.phases.filter(({ id }) => phaseId(id) === phase));
  const each = undone.map(async (phase) => [...(await createdBy(phase, sources)), ...writtenBy(phase)]);
  return (await Promise.all(each)).flat();
}
