import { exitCodes } from '../core/kernel/errors.ts';
import { StatementFailed, TargetError } from './errors.ts';
import { settingsQuery } from './session-settings.ts';

/** A relation as it was looked at. */
export interface NamedRelation {
  readonly oid: string;
  /** With its schema, quoted. */
  readonly name: string;
}

/** What is sent around a statement that reads what users own. `script`: several statements, of which the last answers. */
interface Sent {
  readonly text: string;
  readonly values?: readonly (readonly string[])[];
  readonly script?: true;
}

/**
 * A transaction that begins as read-only stays so, whatever a function sets. The savepoint takes back its settings and its
 * notifications, and a commit does not count as a rollback of the application's.
 */
export const enter: Sent = { text: 'begin transaction read only; savepoint question', script: true };
export const leave: Sent = { text: `rollback to savepoint question; commit; ${settingsQuery}`, script: true };

const held = 'ripcord_held';

/**
 * Between a look at a relation and its reading, its owner may give its name to a view of theirs; a lock of theirs tells them
 * when. Preparing a statement locks what it names, whatever that is by now, and plans and runs nothing; from then on the names
 * mean what they mean. Where that is something else, dividing by zero ends the transaction before anything is read.
 */
export const holdOn = (relations: readonly NamedRelation[]): readonly [Sent, Sent] => [
  { text: `prepare ${held} as select from ${relations.map(({ name }) => `only ${name}`).join(', ')}` },
  {
    text: `select 1 operator(pg_catalog./) (not exists (
      select from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.oid[])) r (name, oid)
      where pg_catalog.to_regclass(r.name)::pg_catalog.oid is distinct from r.oid))::pg_catalog.int4`,
    values: [relations.map(({ name }) => name), relations.map(({ oid }) => oid)],
  },
];
/** It stays in the session, whatever becomes of the transaction. */
export const letGo: Sent = { text: `deallocate ${held}` };

const divisionByZero = '22012';

/** Why the names were not read, in words. */
export function sayRenamed(reason: unknown, relations: readonly NamedRelation[]): unknown {
  if (!(reason instanceof StatementFailed) || reason.code !== divisionByZero) return reason;
  return new RenamedMeanwhile(relations.map(({ name }) => name).join(', '), reason);
}

/** Nothing was read. */
class RenamedMeanwhile extends TargetError {
  constructor(names: string, cause: unknown) {
    const found = `${names}: a name means another relation than a moment ago`;
    const todo = 'Where no phase renames it, look who does';
    const complaint = { found, wanted: 'to read the relation that was looked at', todo };
    super(complaint, exitCodes.unknown, 'changed-meanwhile', { cause });
  }
}
