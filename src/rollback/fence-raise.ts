import { sayError } from '../core/kernel/errors.ts';
import type { Quiet } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import { WrongServer } from '../target/errors.ts';
import { type Fencing, liftStatement, lookAtFence, takeLogin } from '../target/fence.ts';
import type { Intend } from './parts.ts';

type Fenced = Pick<Quiet, 'fenced' | 'unfencedBecause'>;

const without = (because: string): Fenced => ({ fenced: false, unfencedBecause: because });

/** Turns an error into the reason for continuing without a fence. Rethrows WrongServer. */
const whyNot = (error: unknown): string => {
  if (error instanceof WrongServer) throw error;
  return sayError(error);
};

/**
 * Takes the right to log in from the phases' role, so that it cannot reconnect after its sessions are ended. A role without
 * that right is left as it is. If the right cannot be taken, forward work is stopped anyway, and the proof contains the
 * reason. Rejects with WrongServer.
 */
export async function raiseFence(fencing: Fencing, standing: Fence | undefined, intend: Intend): Promise<Fenced> {
  const { role } = fencing;
  const view = await lookAtFence(fencing).catch(whyNot);
  if (typeof view === 'string') return without(view);
  const { canLogin, by, lacks } = view;
  if (canLogin === undefined) return without(`the server has no role ${role}`);
  if (!canLogin) return { fenced: true }; // the guard did this before a crash, or another person did it on purpose
  if (by === undefined) return without(lacks.join('; '));
  if (standing !== undefined && standing.role !== role) return without(`${standing.role} is still fenced`);
  if (standing === undefined) await intend(role, liftStatement(role));
  return takeLogin(by, fencing).then(
    () => ({ fenced: true }),
    (error: unknown) => without(whyNot(error)),
  );
}
