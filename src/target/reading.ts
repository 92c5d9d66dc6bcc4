import { exitCodes } from '../core/kernel/errors.ts';
import { StatementFailed, TargetError } from './errors.ts';
import { settingsQuery } from './session-settings.ts';

/** A relation as it was vetted. */
export interface NamedRelation {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly name: string;
}

/**
 * Statements sent around one that reads user data. `script`: several statements, of which the last returns the answer.
 */
interface Sent {
  readonly text: string;
  readonly values?: readonly (readonly string[])[];
  readonly script?: true;
}

/**
 * A transaction that begins as read-only stays so, whatever a function sets. Rolling back to the savepoint discards its
 * settings and notifications, and a commit does not count as a rollback of the application.
 */
export const enter: Sent = { text: 'begin transaction read only; savepoint question', script: true };
export const leave: Sent = { text: `rollback to savepoint question; commit; ${settingsQuery}`, script: true };

const held = 'ripcord_held';

/**
 * Between vetting a relation and reading it, its owner may give its name to a view of theirs, and can use a lock to
 * time this. Preparing a statement locks whatever the names now mean, without planning or running anything, and fixes
 * their meaning. If a name means another relation, a division by zero ends the transaction before anything is read.
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
/** The prepared statement stays in the session, whatever happens to the transaction. */
export const letGo: Sent = { text: `deallocate ${held}` };

const divisionByZero = '22012';

/** Explains why the names were not read. */
export function sayRenamed(reason: unknown, relations: readonly NamedRelation[]): unknown {
  if (!(reason instanceof StatementFailed) || reason.code !== divisionByZero) return reason;
  return new RenamedMeanwhile(relations.map(({ name }) => name).join(', '), reason);
}

/** Nothing was read. */
class RenamedMeanwhile extends TargetError {
  constructor(names: string, cause: unknown) {
    const found = `${names}: a name now means a different relation than a moment ago`;
    const todo = 'If no phase renames it, find out who does';
    const complaint = { found, wanted: 'to read the relation that was vetted', todo };
    super(complaint, exitCodes.unknown, 'changed-meanwhile', { cause });
  }
}
