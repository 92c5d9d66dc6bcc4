import type { Declared } from '../core/evidence/declared.ts';
import type { Cell, Fault, Seen } from '../core/evidence/finding.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { CatalogueId, Limits } from '../core/plan/catalogue.ts';
import type { PhasePlan } from '../core/plan/phase.ts';
import type { RelationCode } from '../target/untrusted-code.ts';
import type { Asks } from './asks.ts';

/** A row by column name. Every cell is in PostgreSQL's text form. */
export type Cells = Readonly<Record<string, Cell>>;

/** Facts about the server and the guard's permissions on it. They decide which checks apply, and how they query. */
export interface Server {
  /** As `server_version_num`, for example 150018. */
  readonly version: number;
  readonly extensions: ReadonlyMap<string, string>;
  /** The roles that exist. */
  readonly roles: ReadonlySet<string>;
  /** The schemas that exist. */
  readonly schemas: ReadonlySet<string>;
  readonly isReplica: boolean;
  /** Whether data checksums are on, so that the server notices a damaged page. */
  readonly checksums: boolean;
}

/** A role and the claims that its reader presents. */
export interface Identity {
  readonly id: string;
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The facts from the plan and the run that a check needs before it can query. */
export interface Scope {
  readonly server: Server;
  /** Roles whose access must not grow. PUBLIC is always included. */
  readonly watchRoles: readonly string[];
  readonly exposedSchemas: readonly string[];
  readonly identities: readonly Identity[];
  /** Tables that only phases which declare it write to, by their current names: `public.molecules`. */
  readonly staticTables: readonly string[];
  /** Tables that a phase writes or names, by their current names. */
  readonly phaseTables: readonly string[];
  /** Every phase of the plan, including phases still to come. */
  readonly phases: readonly PhasePlan[];
  /** How to recognise the sessions of the running phase. */
  readonly phase: { readonly role: string | undefined; readonly tags: readonly string[] };
  /** Whose code would run if these relations, given by oid, were read. Checks call this before they read a relation. */
  readonly code: (relations: readonly string[], reader?: 'held by policies') => RelationCode;
  /** Runs `work` in a session of the login that tries what roles can read, and closes the session afterwards. */
  readonly aside: <T>(work: (asks: Asks) => Promise<T>) => Promise<T>;
  /**
   * Set if the plan has no such login. The reading login would try instead, but it must not be a member of any role.
   */
  readonly noReachLogin?: boolean;
  /** Runs `work` in a session of the login that reads user data, and closes the session afterwards. */
  readonly rows: <T>(work: (asks: Asks) => Promise<T>) => Promise<T>;
}

/** An earlier answer of the same check. A check that counts works with the difference. */
export interface Sample {
  readonly at: Instant;
  readonly rows: readonly Cells[];
}

/** What an evaluation will compare its answer with, for checks whose query depends on it. */
export type Before = Pick<CheckInput, 'baseline' | 'boundary'> & {
  /** The answer is kept as the baseline. */
  readonly capturing?: boolean;
};

/** The whole input of a judge. */
export interface CheckInput<Id extends CatalogueId = CatalogueId> {
  readonly at: Instant;
  readonly rows: readonly Cells[];
  /** What the same check saw when the baseline was frozen; undefined before that. */
  readonly baseline: Seen | undefined;
  /** What the check saw at the boundary of the latest started phase, if the check compares with a boundary. */
  readonly boundary: Seen | undefined;
  readonly declared: Declared;
  readonly scope: Pick<Scope, 'server' | 'watchRoles' | 'exposedSchemas' | 'staticTables' | 'phase'>;
  /** The answer from about a minute ago, or the oldest available; undefined at the first evaluation. */
  readonly earlier: Sample | undefined;
  readonly limits: Limits<Id>;
}

export type Judged =
  | {
      /** Empty if all is well. */
      readonly faults: readonly Fault[];
      /** Kept in a baseline or boundary for later evaluations to compare with. */
      readonly seen?: Seen;
      /** What the check examined, for a person: `1,204 grants`. */
      readonly saw: string;
      /** What the check could not examine, and why. If there is no fault elsewhere, the result is unknown. */
      readonly unseen?: string;
      /** All of these objects, if none of them can be examined until somebody changes it. */
      readonly lasting?: readonly string[];
    }
  /**
   * The check got an answer but cannot judge it: why, and what to do. `warmingUp`: the next evaluation can, because it
   * counts from this one.
   */
  | { readonly unknown: string; readonly warmingUp?: true; readonly seen?: Seen };

/** A judge's example of a breach. Arming a run feeds it to the judge, because a check that cannot fail is a bug. */
export type Breach<Id extends CatalogueId = CatalogueId> = Partial<Omit<CheckInput<Id>, 'rows' | 'limits'>> &
  Pick<CheckInput<Id>, 'rows'>;

/** One check of the catalogue: its query, and a pure judge of the answer. */
export interface Check<Id extends CatalogueId = CatalogueId> {
  readonly id: Id;
  /**
   * `A`: under 3 ms, every 5 s. `B`: up to 40 ms, every 30 s. `C`: reads table data; runs at phase boundaries, and
   * between them only while it is not ok.
   */
  readonly cost: 'A' | 'B' | 'C';
  /** `reading`: the check reads user data, which the watching login never does. */
  readonly login?: 'reading';
  /**
   * Whether the judge uses the answer alone, or compares it with the baseline, or also with the latest phase's
   * boundary.
   */
  readonly against: 'nothing' | 'baseline' | 'boundary';
  /** Whether the check counts from one answer to the next, so that the guard keeps earlier answers for it. */
  readonly counts?: true;
  /** How far back the earlier answer must lie, if more than a minute. */
  readonly remembers?: (limits: Limits<Id>) => Millis;
  /**
   * Whether the check's faults come and go by themselves, whatever the phase does. A baseline does not make such a
   * fault a known one.
   */
  readonly passing?: true;
  /** The most severe consequence of its faults. */
  readonly mayAt: Fault['consequence'];
  /** The catalogs, views and functions that the check reads. */
  readonly reads: readonly string[];
  /** The grant or membership that the check needs; `nothing` if every login may run it. */
  readonly needs: string;
  /** The oldest major version that can answer, if newer than the oldest supported one. */
  readonly since?: 15 | 16 | 17 | 18;
  /** The extension that the check needs. */
  readonly extension?: string;
  /** Why the check does not apply to this server; undefined if it does. */
  readonly pointless?: (server: Server) => string | undefined;
  /** What an operator does about a fault. */
  readonly remedy: string;
  /** The statement prints definitions, so it runs through `askPast`. */
  readonly prints?: true;
  /** For one answer. */
  readonly timeout?: Millis;
  /** A statement with its values, or several statements whose results together are the rows. */
  readonly ask:
    | string
    | ((scope: Scope) => { readonly text: string; readonly values?: readonly unknown[] })
    | { readonly steps: (asks: Asks, scope: Scope, limits: Limits<Id>, before: Before) => Promise<readonly Cells[]> };
  /** The judge looks at each row alone and keeps nothing, so thousands of rows are judged in slices. */
  readonly rowByRow?: true;
  /** Never throws and sends no query: the same input always gives the same verdict. */
  readonly judge: (input: CheckInput<Id>) => Judged;
  readonly breach: Breach<Id>;
}

/** Gives the judge the type of its own limits. */
export const check = <Id extends CatalogueId>(declared: Check<Id>): Check<Id> => declared;

/** Any role can be granted `pg_monitor`. */
export const monitor = 'grant pg_monitor to the guard’s role';
export const everyone = 'nothing';
