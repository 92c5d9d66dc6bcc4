import type { DatabaseSync } from 'node:sqlite';

import { type GuardId, hash, position, type Position, runId, type RunId } from '../../core/kernel/ids.ts';
import { type Link, seal, start } from '../hash-chain.ts';
import { RunOfAnother, StaleSequence } from '../errors.ts';
import { isOwnStream, type RunHead } from '../journal.ts';
import type { LeaseShown } from '../lease.ts';
import { mustBeCurrent } from './leases.ts';
import { transaction } from './transaction.ts';

type Row = ReturnType<ReturnType<DatabaseSync['prepare']>['all']>[number];

const guardOf = ({ guard }: Row): { readonly guard?: GuardId } =>
  typeof guard === 'string' ? { guard: guard as GuardId } : {};
const headOf = (row: Row): RunHead => ({
  run: runId(String(row.run)),
  seq: Number(row.seq),
  hash: hash(String(row.hash)),
  ...guardOf(row),
});
const linkOf = (row: Row): Link => ({
  ...headOf(row),
  position: position(Number(row.position)),
  event: String(row.event),
  prev: hash(String(row.prev)),
});

/** Reads entries by a condition, which includes order and limit. */
export const readLinks = (db: DatabaseSync, where: string, ...parameters: readonly (string | number)[]) =>
  db
    .prepare(`select run, seq, position, guard, event, prev, hash from entries where ${where}`)
    .all(...parameters)
    .map(linkOf);

/** The entries of a run after `afterSeq`, at most `limit`. */
export const readEntries = (db: DatabaseSync, run: RunId, afterSeq = 0, limit = -1): readonly Link[] =>
  readLinks(db, 'run = ? and seq > ? order by seq limit ?', run, afterSeq, limit);

/** The highest position of an entry; 0 if there are none. */
export const endOf = (db: DatabaseSync): Position =>
  position(Number(db.prepare('select max(position) as position from entries').get()?.position ?? 0));

/** The head of the run; undefined for a run without entries. */
export function readHead(db: DatabaseSync, run: RunId): RunHead | undefined {
  const row = db.prepare('select run, seq, hash, guard from heads where run = ?').get(run);
  return row && headOf(row);
}

/** Newest run first. */
export const readHeads = (db: DatabaseSync): readonly RunHead[] =>
  db
    .prepare('select run, seq, hash, guard from heads order by opened desc')
    .all()
    .map(headOf)
    .filter(({ run }) => !isOwnStream(run));

export const readStreams = (db: DatabaseSync): readonly RunId[] =>
  db
    .prepare('select run from heads order by run')
    .all()
    .map(({ run }) => runId(String(run)))
    .filter(isOwnStream);

/** A run with its first and last event as JSON, if they exist. */
export interface SummaryRow extends RunHead {
  readonly first?: string;
  readonly last?: string;
}

/** Reads the runs with their first and last events, without the events in between. */
export const readSummaries = (db: DatabaseSync, guard?: GuardId): readonly SummaryRow[] =>
  db
    .prepare(
      `select h.run, h.seq, h.hash, h.guard, f.event as first, l.event as last from heads h
        left join entries f on f.run = h.run and f.seq = 1
        left join entries l on l.run = h.run and l.seq = h.seq
        where :guard is null or h.guard = :guard order by h.opened desc`,
    )
    .all({ guard: guard ?? null })
    .filter(({ run }) => !isOwnStream(runId(String(run))))
    .map((row) => ({
      ...headOf(row),
      ...(typeof row.first === 'string' && { first: row.first }),
      ...(typeof row.last === 'string' && { last: row.last }),
    }));

/** The guard that owns the run, set by the first entry. Own streams belong to no guard. */
const ownerOf = (run: RunId, head: RunHead, guard: GuardId | undefined): GuardId | undefined => {
  if (isOwnStream(run)) return undefined;
  return head.seq === 0 ? guard : head.guard;
};

/**
 * Appends events, as canonical JSON, in one durable transaction. Without a lease the store itself is the writer and holds the
 * file alone.
 */
export function appender(db: DatabaseSync) {
  const head = db.prepare('select run, seq, hash, guard from heads where run = ?');
  const insert = db.prepare(
    'insert into entries (run, seq, position, guard, event, prev, hash) values (?, ?, ?, ?, ?, ?, ?)',
  );
  const advance = db.prepare(`insert into heads (run, seq, hash, guard) values (?, ?, ?, ?)
    on conflict (run) do update set seq = excluded.seq, hash = excluded.hash`);
  return (run: RunId, expectedSeq: number, lease: LeaseShown | undefined, events: readonly string[]): readonly Link[] =>
    transaction(db, () => {
      if (lease !== undefined) mustBeCurrent(db, lease);
      const row = head.get(run);
      let last: RunHead = row ? headOf(row) : start(run);
      if (last.seq !== expectedSeq) throw new StaleSequence(run, expectedSeq, last.seq);
      const guard = lease?.guard;
      const owner = ownerOf(run, last, guard);
      if (guard !== undefined && owner !== undefined && owner !== guard) throw new RunOfAnother(run, guard, owner);
      const end = endOf(db);
      const links = events.map((event, index): Link => {
        const link = { ...seal(last, guard, event), position: position(end + 1 + index) };
        insert.run(run, link.seq, link.position, guard ?? null, event, link.prev, link.hash);
        return (last = link);
      });
      if (links.length > 0) advance.run(run, last.seq, last.hash, owner ?? null);
      return links;
    });
}
