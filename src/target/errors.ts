import { type Complaint, type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';

/** Something about the target did not work. `code` is the SQLSTATE or the system's error code, where there is one. */
export abstract class TargetError extends RipcordError {
  readonly code: string | undefined;
  constructor(complaint: Complaint, exitCode: ExitCode, code: string | undefined, options?: ErrorOptions) {
    super(complaint, exitCode, options);
    this.code = code;
  }
}

/** No session could be had or kept: network, name, full or stopping server. It may pass by itself. */
export class TargetUnreachable extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}

/** The server answered, and said no: login, database, permission, a write where only reads are allowed. */
export class TargetRefused extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}

/**
 * Another server or database answers than the one that is guarded, or a standby of it. What it says is no evidence about the
 * target: neither slowness nor an outage.
 */
export class WrongServer extends TargetRefused {}

/** The statement itself failed: wrong, or about something that is not there. */
export class StatementFailed extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.failed, code, options);
  }
}

/** No answer in time: the server cancelled the statement, a lock was not free, or nothing came back at all. */
export class StatementTimedOut extends TargetError {
  constructor(complaint: Complaint, code?: string, options?: ErrorOptions) {
    super(complaint, exitCodes.unknown, code, options);
  }
}
