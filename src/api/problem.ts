import type { Refusal } from '../core/authority/refusal.ts';
import { RipcordError, sayComplaint } from '../core/kernel/errors.ts';
import { JournalUnwritable, StaleEpoch } from '../journal/errors.ts';

/** An error as a problem document (RFC 9457), plus the three parts of every Ripcord error. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly because: string;
  readonly found: string;
  readonly wanted: string;
  readonly todo: string;
  readonly missing?: readonly string[];
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'No principal',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Refused',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

const statuses: Readonly<Record<string, number>> = {
  'unknown-token': 401,
  'not-allowed': 403,
  'wrong-role': 403,
  'bad-request': 400,
  'too-many-failures': 429,
  'too-many-requests': 429,
  wait: 429,
  'unknown-run': 404,
  'unknown-guard': 404,
  'baseline-missing': 404,
  'unknown-route': 404,
  'unknown-phase': 404,
  'unknown-probe': 404,
  'unknown-principal': 404,
  'unknown-recommendation': 404,
  'unknown-pre-approval': 404,
  'unknown-requirement': 404,
  'journal-unwritable': 503,
  'taken-over': 503,
  'guard-absent': 503,
  'could-not-look': 503,
  'too-many-streams': 503,
  'too-many-connections': 503,
  internal: 500,
};

/** A refusal by a rule is a conflict with the run's state, unless this table says otherwise. */
export function problemOf({ because, found, wanted, todo, missing }: Refusal): Problem {
  const status = statuses[because] ?? 409;
  const all = missing === undefined ? found : `${found}: ${missing.join('; ')}`;
  return {
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail: sayComplaint({ found: all, wanted, todo }),
    because,
    found,
    wanted,
    todo,
    ...(missing !== undefined && { missing }),
  };
}

function reasonOf(error: RipcordError): string {
  if (error instanceof JournalUnwritable) return 'journal-unwritable';
  return error instanceof StaleEpoch ? 'taken-over' : 'could-not-look';
}

/** Describes a thrown error. The details of an unexpected one stay in the log, because strangers can read the response. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof RipcordError) {
    const because = reasonOf(error);
    const { found, wanted, todo } = error;
    return problemOf({ because, found, wanted, todo });
  }
  const found = 'the daemon met an unexpected error';
  return problemOf({ because: 'internal', found, wanted: 'an answer', todo: 'See the daemon’s log' });
}

/** Thrown by handlers that have no decision to return. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.found);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}
