import { sayError } from '../core/kernel/errors.ts';
import type { Quiet } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import { WrongServer } from '../target/errors.ts';
import { type Fencing, liftStatement, lookAtFence, takeLogin } from '../target/fence.ts';
import type { Intend } from './parts.ts';

type Fenced = Pick<Quiet, 'fenced' | 'unfencedBecause'>;

const without = (because: string): Fenced => ({ fenced: false, unfencedBecause: because });

/** What keeps the fence down is a reason to go on without it; a login that leads to another server is not. */
const whyNot = (error: unknown): string => {
  if (error instanceof WrongServer) throw error;
  return sayError(error);
};

/**
 * Takes from the phases' role its right to log in, so that nothing of it comes back once its sessions are ended. Only what
 * it had is taken; where it cannot be, work is stopped all the same, and the reason is part of the proof. Rejects with
 * WrongServer.
 */
export async function raiseFence(fencing: Fencing, standing: Fence | undefined, intend: Intend): Promise<Fenced> {
  const { role } = fencing;
  const view = await lookAtFence(fencing).catch(whyNot);
  if (typeof view === 'string') return without(view);
  const { canLogin, by, lacks } = view;
  if (canLogin === undefined) return without(`the server has no role ${role}`);
  if (!canLogin) return { fenced: true }; // by us before a crash, or by somebody else, who will want it to stay so
  if (by === undefined) return without(lacks.join('; '));
  if (standing !== undefined && standing.role !== role) return without(`${standing.role} is fenced still`);
  if (standing === undefined) await intend(role, liftStatement(role));
  return takeLogin(by, fencing).then(
    () => ({ fenced: true }),
    (error: unknown) => without(whyNot(error)),
  );
}
