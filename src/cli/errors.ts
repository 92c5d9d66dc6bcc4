import { type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { Problem } from '../api/problem.ts';

/** Nothing listens at the address, or it did not answer in time. The state of the run is unknown. */
export class DaemonUnreachable extends RipcordError {
  readonly url: string;
  constructor(url: string, why: string, options?: ErrorOptions) {
    super(
      {
        found: `no Ripcord daemon answers at ${url} (${why})`,
        wanted: 'a running daemon',
        todo: 'Start it: ripcord serve; or give its address: --url or RIPCORD_URL',
      },
      exitCodes.unknown,
      options,
    );
    this.url = url;
  }
}

/** Something answers, but not as Ripcord does: another program, or a proxy in front of it. */
export class NotRipcord extends RipcordError {
  readonly url: string;
  constructor(url: string, found: string) {
    super(
      { found, wanted: 'an answer from a Ripcord daemon', todo: 'Check the address: --url or RIPCORD_URL' },
      exitCodes.unknown,
    );
    this.url = url;
  }
}

/** The run was opened by an older version of Ripcord. */
export class NoRecordedPlan extends RipcordError {
  constructor(run: string) {
    super(
      {
        found: `the journal of ${run} holds no plan`,
        wanted: 'a run opened by a version that records it',
        todo: 'Find the plan as it was then in your version control',
      },
      exitCodes.unknown,
    );
  }
}

const exitCodeOf: Readonly<Record<number, ExitCode>> = {
  400: exitCodes.usage,
  401: exitCodes.usage,
};

/** The daemon's refusal, in its own words. */
export class RefusedByDaemon extends RipcordError {
  readonly status: number;
  /** The reason as one word, for machines. */
  readonly because: string;
  /** The missing requirements, if there are several; one sentence each. */
  readonly missing: readonly string[];
  constructor({ status, because, found, wanted, todo, missing = [] }: Problem) {
    const exitCode = because === 'could-not-look' ? exitCodes.unknown : (exitCodeOf[status] ?? exitCodes.failed);
    super({ found, wanted, todo }, exitCode);
    this.status = status;
    this.because = because;
    this.missing = missing;
  }
}

/** Something in the command line or the environment cannot be used. */
export class UsageError extends RipcordError {
  constructor(found: string, wanted: string, todo: string, options?: ErrorOptions) {
    super({ found, wanted, todo }, exitCodes.usage, options);
  }
}
