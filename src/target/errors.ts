import { lateness } from '../core/evidence/own-time.ts';
import { type Complaint, type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { sayUnanswered } from '../system/name-lookup.ts';

/** A failure of the target. `code` is the SQLSTATE or the system error code, if there is one. */
export abstract class TargetError extends RipcordError {
  readonly code: string | undefined;
  constructor(complaint: Complaint, exitCode: ExitCode, code: string | undefined, options?: ErrorOptions) {
    super(complaint, exitCode, options);
    this.code = code;
  }
}

/**
 * A session could not be opened or was lost: network, host name, or a server that is full or stopping. It may pass by
 * itself.
 */
export class TargetUnreachable extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}

/** The guard did not learn the server's address, which says nothing about the target. */
export abstract class NameUnknown extends TargetUnreachable {
  /** The same words each time. */
  readonly because: string;
  constructor(address: string, because: string, rest: Pick<Complaint, 'wanted' | 'todo'>, cause?: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
    super({ found: `${address}: ${because}`, ...rest }, code, cause === undefined ? undefined : { cause });
    this.because = because;
  }
}

/** It did not even ask in time. */
export class NameUnasked extends NameUnknown {
  constructor(address: string) {
    super(address, lateness.names, {
      wanted: 'a turn to look its name up',
      todo: 'See the daemon’s log for names that the name server does not answer; the guard reconnects by itself',
    });
  }
}

/** It asked, and the name server did not say whether the name exists. */
export class NameUnanswered extends NameUnknown {
  constructor(address: string, name: string, cause?: unknown) {
    const rest = {
      wanted: 'its address, or that it does not exist',
      todo: 'Check the name servers in /etc/resolv.conf on the guard’s host; the guard reconnects by itself',
    };
    super(address, sayUnanswered(name), rest, cause);
  }
}

/** The server answered with a refusal: login, database, permission, or a write in a read-only session. */
export class TargetRefused extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}

/**
 * The session reached a server or database other than the guarded one, or a standby of it. Its answers are no evidence
 * about the target: neither slowness nor an outage.
 */
export class WrongServer extends TargetRefused {}

/** The statement itself failed: it is wrong, or names an object that does not exist. */
export class StatementFailed extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.failed, code, options);
  }
}

/** No answer in time: the server cancelled the statement, a lock was not free, or nothing came back. */
export class StatementTimedOut extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}

/** A probe's statement ended the transaction in which it ran. What it wrote may be there. */
export class TransactionEnded extends StatementFailed {
  constructor(statement: string) {
    super(
      {
        found: `a statement of the probe ended its transaction: ${statement.split(/\s+/, 3).join(' ')} …`,
        wanted: 'statements that Ripcord can roll back together',
        todo: 'Look whether what they wrote is there, take the statement out of the probe, and restart the guard',
      },
      'transaction-ended',
    );
  }
}
