import type { DatabaseSync } from 'node:sqlite';

import { position, type Position } from '../../core/kernel/ids.ts';
import { PositionBeyondEnd, PositionGoesBack } from '../errors.ts';
import type { Link } from '../hash-chain.ts';
import { endOf, readLinks } from './entries.ts';
import { transaction } from './transaction.ts';

/** Throws PositionBeyondEnd for a position beyond the last entry. */
function mustBeReached(db: DatabaseSync, at: Position): void {
  const end = endOf(db);
  if (at > end) throw new PositionBeyondEnd(at, end);
}

/** The entries of all runs after a position, in the order of their positions. */
export function readFrom(db: DatabaseSync, after: Position, limit: number): readonly Link[] {
  mustBeReached(db, after);
  return readLinks(db, 'position > ? order by position limit ?', after, limit);
}

export function consumers(db: DatabaseSync) {
  const read = db.prepare('select position from consumers where consumer = ?');
  const write = db.prepare(`insert into consumers (consumer, position) values (?, ?)
    on conflict (consumer) do update set position = excluded.position`);
  const positionOf = (consumer: string): Position => position(Number(read.get(consumer)?.position ?? 0));
  return {
    positionOf,
    advance: (consumer: string, to: Position): void =>
      transaction(db, () => {
        mustBeReached(db, to);
        const stored = positionOf(consumer);
        if (to < stored) throw new PositionGoesBack(consumer, to, stored);
        write.run(consumer, to);
      }),
  };
}
