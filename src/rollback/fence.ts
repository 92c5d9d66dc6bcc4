import type { Clock } from '../core/kernel/clock.ts';
import { RipcordError, sayError } from '../core/kernel/errors.ts';
import { after, type Instant, seconds } from '../core/kernel/units.ts';
import type { Quiet, RollbackEvent } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import type { Rollback } from '../core/response/rollback.ts';
import type { Guarding, Intend } from './parts.ts';
import { type Fencing, giveLogin, liftStatement, lookAtFence, takeLogin } from '../target/fence.ts';

type Fenced = Pick<Quiet, 'fenced' | 'unfencedBecause'>;

const without = (because: string): Fenced => ({ fenced: false, unfencedBecause: because });

/**
 * Takes from the phases' role its right to log in, so that nothing of it comes back once its sessions are ended. Only what
 * it had is taken; where it cannot be, work is stopped all the same, and the reason is part of the proof.
 */
export async function raiseFence(
  { role, urls }: Fencing,
  standing: Fence | undefined,
  intend: Intend,
): Promise<Fenced> {
  const view = await lookAtFence({ role, urls }).catch(sayError);
  if (typeof view === 'string') return without(view);
  const { canLogin, by, lacks } = view;
  if (canLogin === undefined) return without(`the server has no role ${role}`);
  if (!canLogin) return { fenced: true }; // by us before a crash, or by somebody else, who will want it to stay so
  if (by === undefined) return without(lacks.join('; '));
  if (standing !== undefined && standing.role !== role) return without(`${standing.role} is fenced still`);
  if (standing === undefined) await intend(role, liftStatement(role));
  return takeLogin(by, role).then(
    () => ({ fenced: true }),
    (error: unknown) => without(sayError(error)),
  );
}

/** Resolves when the role can log in again, whoever saw to it. Rejects with what stands in the way. */
export async function liftFence({ role, lift }: Fence, urls: readonly string[]): Promise<void> {
  const { canLogin, by, lacks, grants } = await lookAtFence({ role, urls });
  if (canLogin !== false) return;
  if (by !== undefined) return giveLogin(by, role);
  throw new RipcordError({
    found: grants === undefined ? lacks.join('; ') : `neither the guard nor the rollback may change ${role} any more`,
    wanted: grants === undefined ? `the permission to let ${role} log in again` : grants.join('; '),
    todo: `Run that, or as a superuser: ${lift}`,
  });
}

const betweenLifts = seconds(30);

interface LifterParts {
  readonly clock: Clock;
  isOnlyGuard(): Promise<Guarding>;
  liftFence(fence: Fence): Promise<void>;
}

/** Lifts the fence of a rollback that is over. What stands in the way is told once, and tried again after a while. */
export function fenceLifter(
  { clock, isOnlyGuard, liftFence: lift }: LifterParts,
  record: (event: RollbackEvent) => Promise<void>,
): (fence: Fence, rollback: Rollback) => Promise<void> {
  let notBefore: Instant | undefined;
  return async (fence, { id }) => {
    if (notBefore !== undefined && clock.now() < notBefore) return;
    notBefore = after(clock.now(), betweenLifts);
    const { role } = fence;
    const of = () => ({ v: 1, at: clock.now(), rollback: id, role }) as const;
    const because = await (async () => {
      if ((await isOnlyGuard()) !== 'yes') return 'it is not known whether this is the only guard of the target';
      return lift(fence).then(() => undefined, sayError);
    })();
    if (because === undefined) {
      notBefore = undefined;
      await record({ type: 'fence-lifted', ...of() });
    } else if (fence.trouble === undefined) {
      await record({ type: 'fence-stands', ...of(), lift: fence.lift, because });
    }
  };
}
