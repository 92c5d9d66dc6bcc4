import { sayError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import { type GuardLock, sayHolder } from './guard-lock.ts';

/** Whether this is the only guard of the target, as far as is known now. */
export interface LockWatch {
  /** Why the guard does not hold its lock; undefined while it does. */
  lost(): string | undefined;
  /** Takes it again where its session is lost. Asks nothing where it is not. */
  retake(): Promise<void>;
  /** Asks the server whether it is still held, and takes it again where it is not. */
  ask(): Promise<void>;
  /** Told at once when the session ends that has the lock. */
  onLost(listener: () => void): void;
  /** Lets it go and does not take it again: another process has the guard. */
  letGo(): Promise<void>;
}

/** A server under load answers late; to give up its session would give up the lock. */
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
      lost = 'the guard lock was let go, since another process has the guard';
      await lock.release();
    },
  };
}
