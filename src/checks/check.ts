import type { Declared } from '../core/evidence/declared.ts';
import type { Cell, Fault, Seen } from '../core/evidence/finding.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { CatalogueId, Limits } from '../core/plan/catalogue.ts';
import type { PhasePlan } from '../core/plan/phase.ts';
import type { RelationCode } from '../target/untrusted-code.ts';
import type { Asks } from './asks.ts';

/** A row by the names of its columns, every cell in PostgreSQL's text form. */
export type Cells = Readonly<Record<string, Cell>>;

/** What a server is, and what the guard may do there: it decides which checks can be asked, and how. */
export interface Server {
  /** As in `server_version_num`: 150018. */
  readonly version: number;
  readonly extensions: ReadonlyMap<string, string>;
  /** The roles there are. */
  readonly roles: ReadonlySet<string>;
  /** The schemas there are. */
  readonly schemas: ReadonlySet<string>;
  readonly isReplica: boolean;
  /** Whether it would notice a damaged page. */
  readonly checksums: boolean;
}

/** Whose claims a reader brings along. */
export interface Identity {
  readonly id: string;
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What the plan and the run say that a check must know before it can ask. */
export interface Scope {
  readonly server: Server;
  /** Roles whose reach must not grow; everybody (PUBLIC) is always meant as well. */
  readonly watchRoles: readonly string[];
  readonly exposedSchemas: readonly string[];
  readonly identities: readonly Identity[];
  /** Tables to which only phases write that say so, by their names now: `public.molecules`. */
  readonly staticTables: readonly string[];
  /** Tables that a phase writes or otherwise names, by their names now. */
  readonly phaseTables: readonly string[];
  /** Every phase of the plan, those that are still to come too. */
  readonly phases: readonly PhasePlan[];
  /** Whose sessions are the running phase's. */
  readonly phase: { readonly role: string | undefined; readonly tags: readonly string[] };
  /** Whose code would run if these relations, by number, were read: asked before each of them is. */
  readonly code: (relations: readonly string[], reader?: 'held by policies') => RelationCode;
  /** Does something in a session of the login that tries what roles can read, which is closed afterwards. */
  readonly aside: <T>(work: (asks: Asks) => Promise<T>) => Promise<T>;
  /** The plan has no such login, and that which reads, which would try instead, may be a member of nothing. */
  readonly noReachLogin?: boolean;
  /** Does something in a session of the login that reads what users own, which is closed afterwards. */
  readonly rows: <T>(work: (asks: Asks) => Promise<T>) => Promise<T>;
}

/** An earlier answer of the same check, for counters: what they count is the difference. */
export interface Sample {
  readonly at: Instant;
  readonly rows: readonly Cells[];
}

/** What a look will be compared with, for checks that must ask accordingly. */
export type Before = Pick<Look, 'baseline' | 'boundary'>;

/** Everything that a judge looks at. */
export interface Look<Id extends CatalogueId = CatalogueId> {
  readonly at: Instant;
  readonly rows: readonly Cells[];
  /** What the same check saw when the baseline was frozen; undefined before that. */
  readonly baseline: Seen | undefined;
  /** What it saw at the boundary of the phase that was started last, where the check is compared with that. */
  readonly boundary: Seen | undefined;
  readonly declared: Declared;
  readonly scope: Pick<Scope, 'server' | 'watchRoles' | 'exposedSchemas' | 'staticTables' | 'phase'>;
  /** The answer from about a minute ago, or the oldest there is; undefined at the first look. */
  readonly earlier: Sample | undefined;
  readonly limits: Limits<Id>;
}

export type Judged =
  | {
      /** None: all is well. */
      readonly faults: readonly Fault[];
      /** What is kept in a baseline or boundary, to compare later looks with. */
      readonly seen?: Seen;
      /** What was looked at, for a person: `1,204 grants`. */
      readonly saw: string;
      /** What could not be looked at, with the reason: without a fault elsewhere it cannot tell. */
      readonly unseen?: string;
    }
  /** It looked, and yet cannot tell: why, and what to do. `young`: the next look can, since it counts from this one. */
  | { readonly unknown: string; readonly young?: true; readonly seen?: Seen };

/** A judge's example of a breach: fed to it before a run is armed, since a check that cannot fail is a bug. */
export type Breach<Id extends CatalogueId = CatalogueId> = Partial<Omit<Look<Id>, 'rows' | 'limits'>> &
  Pick<Look<Id>, 'rows'>;

/** One check of the catalogue: what is asked, and a pure judge of the answer. */
export interface Check<Id extends CatalogueId = CatalogueId> {
  readonly id: Id;
  /** `A`: under 3 ms, every 5 s. `B`: up to 40 ms, every 30 s. `C`: reads table data, at boundaries of phases, and between them only while it is not well. */
  readonly cost: 'A' | 'B' | 'C';
  /** `reading`: it reads what users own, which the watching login never does. */
  readonly login?: 'reading';
  /** Whether the answer is judged by itself, against the baseline, or also against the latest phase's boundary. */
  readonly against: 'nothing' | 'baseline' | 'boundary';
  /** Whether it counts from one answer to the next, so that earlier answers are kept for it. */
  readonly counts?: true;
  /** How far back, where it must be compared with an answer of more than a minute ago. */
  readonly remembers?: (limits: Limits<Id>) => Millis;
  /**
   * Whether its faults come and go by themselves, whoever is at work: one that a baseline happened to meet is not known
   * from then on.
   */
  readonly passing?: true;
  /** The gravest that its faults lead to. */
  readonly mayAt: Fault['consequence'];
  /** The catalogues, views and functions that it reads. */
  readonly reads: readonly string[];
  /** The grant or membership without which it cannot look; `nothing` where every login may. */
  readonly needs: string;
  /** The oldest major version that can answer, where it is not the oldest supported one. */
  readonly since?: 15 | 16 | 17 | 18;
  /** The extension without which there is nothing to ask. */
  readonly extension?: string;
  /** Why there is nothing to ask on this server; undefined when there is. */
  readonly pointless?: (server: Server) => string | undefined;
  /** What a person does about a fault. */
  readonly remedy: string;
  /** Its statement prints definitions, and is asked as `askPastLocks` says. */
  readonly pastLocks?: true;
  /** For one answer. */
  readonly timeout?: Millis;
  /** A statement with its values, or several statements that together make up the rows. */
  readonly ask:
    | string
    | ((scope: Scope) => { readonly text: string; readonly values?: readonly unknown[] })
    | { readonly steps: (asks: Asks, scope: Scope, limits: Limits<Id>, before: Before) => Promise<readonly Cells[]> };
  /** Each row is judged by itself, and nothing is kept of what was seen: thousands are judged slice by slice. */
  readonly rowByRow?: true;
  /** Rejects nothing, asks nothing: the same look is always judged alike. */
  readonly judge: (look: Look<Id>) => Judged;
  readonly breach: Breach<Id>;
}

/** Keeps the id's own limits known to the judge. */
export const check = <Id extends CatalogueId>(declared: Check<Id>): Check<Id> => declared;

/** `pg_monitor`, which every role may be given. */
export const monitor = 'grant pg_monitor to the guard’s role';
export const everyone = 'nothing';
