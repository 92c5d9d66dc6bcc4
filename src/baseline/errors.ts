import { refusalOf } from '../checks/refusal.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';

/** The catalogues could not be read, so nothing can be said about the schema: no boundary, no comparison. */
export class SchemaUnreadable extends RipcordError {
  /** SQLSTATE or system error code, where there is one. */
  readonly code: string | undefined;
  constructor(cause: unknown) {
    const { message, code } = refusalOf(cause);
    super(
      {
        found: `the schema could not be read: ${message}`,
        wanted: 'the definition of every object',
        todo: 'End what holds locks on the schema, or repair the connection, then try again',
      },
      exitCodes.unknown,
      { cause },
    );
    this.code = code;
  }
}
