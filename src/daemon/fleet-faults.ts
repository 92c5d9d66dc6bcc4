import type { GuardName } from '../api/guard.ts';
import { count } from '../core/kernel/count.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { PlanRefused } from '../plan-files/load-plan.ts';

export class GuardTwice extends RipcordError {
  readonly files: readonly string[];
  constructor({ plan, target }: GuardName, files: readonly string[]) {
    super(
      {
        found: `${files.join(' and ')} are both the plan ${plan} in ${target}`,
        wanted: 'one guard for a plan in an environment',
        todo: 'Remove one of them, or rename its plan',
      },
      exitCodes.usage,
    );
    this.files = files;
  }
}

export class NoGuard extends RipcordError {
  constructor(absent: readonly { readonly file: string; readonly because: string }[]) {
    const each = absent.map(({ file, because }) => `\n  ${file}: ${because}`).join('');
    super({
      found: `none of ${absent.length} guards could be started`,
      wanted: 'at least one',
      todo: `Correct them:${each}`,
    });
  }
}

/** Leaves the faults out: they quote the plan, and its secrets are unknown until it parses. */
export const sayRefused = ({ faults }: PlanRefused, file: string): string =>
  `${count(faults.length, 'fault')} in ${file}; wanted a sound plan. See the daemon’s log, or: ripcord validate ${file}`;
