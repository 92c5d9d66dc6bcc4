import { refusalOf } from '../checks/refusal.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';

/** The catalogs could not be read, so the schema is unknown: no boundary and no comparison. */
export class SchemaUnreadable extends RipcordError {
  /** SQLSTATE or system error code, if there is one. */
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
