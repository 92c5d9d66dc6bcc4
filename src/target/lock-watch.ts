import { sayError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import { type GuardLock, sayHolder } from './guard-lock.ts';

/** Whether this is the only guard of the target, as far as known now. */
export interface LockWatch {
  /** Why the guard does not hold its lock; undefined while it does. */
  lost(): string | undefined;
  /** Takes the lock again if its session is lost. Sends no query otherwise. */
  retake(): Promise<void>;
  /** Asks the server whether the lock is still held, and takes it again if not. */
  ask(): Promise<void>;
  /** Called as soon as the session that holds the lock ends. */
  onLost(listener: () => void): void;
  /** Releases the lock and does not take it again, because another process is now the guard. */
  letGo(): Promise<void>;
}

/** A busy server answers late. Dropping its session would drop the lock. */
const patience = seconds(15);

export function watchLock(lock: Pick<GuardLock, 'lost' | 'held' | 'retake' | 'onLost' | 'release'>): LockWatch {
  let lost: string | undefined;
  let isLetGo = false;
  const take = async (): Promise<void> => {
    lost ??= 'the guard lock is lost: the session that held it has ended';
    const found = await lock.retake().then(
      (taken) => {
        if (taken === 'held') return undefined;
        const mine = taken.mayBeOurs
          ? '. It may be the guard’s own lost session, which the server notices within half a minute'
          : '';
        return `another session holds the guard lock: ${sayHolder(taken.holder)}${mine}`;
      },
      (error: unknown) => `the guard lock is lost and cannot be taken again: ${sayError(error)}`,
    );
    if (!isLetGo) lost = found;
  };
  return {
    lost: () => lost ?? (lock.lost ? 'the guard lock is lost: the session that held it has ended' : undefined),
    async retake() {
      if (!isLetGo && (lost !== undefined || lock.lost)) await take();
    },
    async ask() {
      if (lost === undefined && !(await lock.held(patience))) await take();
    },
    onLost: (listener) => lock.onLost(listener),
    async letGo() {
      isLetGo = true;
      lost = 'the guard lock was released, because another process is now the guard';
      await lock.release();
    },
  };
}
