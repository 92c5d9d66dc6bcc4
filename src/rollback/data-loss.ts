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

/** Where it is looked: in the catalogs, and in the rows where counting them runs nobody else's code. */
export interface DataLossSources {
  readonly catalogs: Pick<HeldConnection, 'query'>;
  readonly rows: Pick<HeldConnection, 'query'>;
  readonly code: (relations: readonly string[]) => RelationCode;
}

/** A name without a schema is one of public's, as everywhere in a plan's effects. */
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

/** What a phase has created goes with its rollback; of a table, with the rows that are in it by now. */
async function createdBy({ id, effects }: PhasePlan, sources: DataLossSources): Promise<readonly string[]> {
  const sentences = effects.creates.map(async (name): Promise<readonly string[]> => {
    const question = 'select c.oid, c.relkind from pg_class c where c.oid = to_regclass($1)';
    const found = await sources.catalogs.query(question, [relationOf(name)]).catch(sayFailed);
    if (typeof found === 'string') return [`${id}: ${name}, which could not be looked at (${found})`];
    const [[oid, kind] = []] = found.rows;
    if (oid == null) return []; // a function, a constraint, or not there any more
    return [`${id}: ${isTable(kind) ? await countedRows(name, oid, sources) : name}`];
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
export async function estimateDataLoss(
  plan: Plan,
  { kind, phases }: Pick<Procedure, 'kind' | 'phases'>,
  sources: DataLossSources,
): Promise<readonly string[]> {
  if (kind === 'restore') {
    return ['everything written since the backup: how many rows that is, is not known yet'];
  }
  const undone = phases.flatMap((phase) => plan.phases.filter(({ id }) => phaseId(id) === phase));
  const each = undone.map(async (phase) => [...(await createdBy(phase, sources)), ...writtenBy(phase)]);
  return (await Promise.all(each)).flat();
}
