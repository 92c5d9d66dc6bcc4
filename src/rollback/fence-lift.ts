import type { Clock } from '../core/kernel/clock.ts';
import { RipcordError, sayError } from '../core/kernel/errors.ts';
import { after, type Instant, seconds } from '../core/kernel/units.ts';
import type { RollbackEvent } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import type { Rollback } from '../core/response/rollback.ts';
import { type Fencing, giveLogin, lookAtFence } from '../target/fence.ts';
import type { Guarding } from '../target/guarded-target.ts';

/** Resolves when the role can log in again, whoever restored that right. Rejects with what prevents it. */
export async function liftFence({ role, lift }: Fence, how: Omit<Fencing, 'role'>): Promise<void> {
  const { canLogin, by, lacks, grants } = await lookAtFence({ role, ...how });
  if (canLogin !== false) return;
  if (by !== undefined) return giveLogin(by, { role, ...how });
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

/** Lifts the fence after a rollback. A failure is recorded once, and the lift is retried periodically. */
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
      const guarding = await isOnlyGuard();
      if (guarding !== 'yes')
        return typeof guarding === 'object' && 'elsewhere' in guarding
          ? guarding.elsewhere
          : 'this may not be the only guard of the target';
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
