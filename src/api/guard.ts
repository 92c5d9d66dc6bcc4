import type { Missing } from '../core/authority/approvals.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import type { Principal } from '../core/authority/roles.ts';
import type { RevokeInput, TokenEvent, TokenFault } from '../core/authority/tokens.ts';
import type { Power } from '../core/detection/foretell.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { PhaseId, ProbeId, RunId, StepId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import type { Step } from '../core/response/step.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Wanted } from '../core/run/decide/orders.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Input } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import type { RunView } from '../core/run/view.ts';
import type { Entry } from '../journal/journal.ts';
import type { Seen } from '../rollback/look.ts';

export interface RunSummary {
  readonly run: RunId;
  readonly plan: string;
  readonly environment: string;
  readonly openedAt: Instant;
  readonly closedAt?: Instant;
}

export type PhaseStart =
  | { readonly tag: string; readonly lease: Millis }
  | Extract<Decision, { readonly refused: unknown }>;

export type Orders = { readonly goOn: true } | { readonly goOn: false; readonly because: string };

/** A step as it would be taken, without secrets. */
export interface StepOutlook {
  readonly step: StepId;
  readonly kind: Step['kind'];
  readonly title?: string;
  /** The command's words, the statement, the request, or what the guard does or asks itself. */
  readonly does: string;
  /** What else it is given: environment, headers, body, retries, one line each. */
  readonly details: readonly string[];
  /** Of one try; absent where a person takes as long as they need. */
  readonly timeout?: Millis;
  readonly estimate?: Millis;
  /** By the plan's word, or by its nature. */
  readonly repeatable: boolean;
  readonly tier?: number;
  /** What they ask, and as they are now; absent where it has none. */
  readonly precondition?: ConditionNow;
  readonly proof?: ConditionNow;
}

export interface ConditionNow extends Seen {
  readonly asks: string;
}

export interface Outlook {
  /** In the order in which they would be undone. */
  readonly phases: readonly PhaseId[];
  readonly steps: readonly StepOutlook[];
  readonly estimate?: Millis;
  /** How many people must approve, and who can. */
  readonly needs: Missing;
  /** The phases' role, where it cannot log in meanwhile. */
  readonly fences?: string;
  /** What the running phase would still take by its own estimate; absent where none runs. */
  readonly remaining?: Millis;
  /** What would be gone afterwards, one sentence each. */
  readonly loses: readonly string[];
  /** What stands in the way now, one sentence each. */
  readonly obstacles: readonly string[];
}

/** Who speaks; else why it is nobody, and whose token it was. */
export type Whose = { readonly principal: Principal } | { readonly fault: TokenFault; readonly of?: Principal['id'] };

export type Revoked = { readonly events: readonly TokenEvent[] } | { readonly refused: Refusal };

/** What the HTTP routes need of the daemon. */
export interface Guard {
  principalOf(token: string): Whose;
  /** When it resolves, the principal's token is refused from then on, by this daemon and those after it. */
  revokeToken(input: RevokeInput): Promise<Revoked>;
  /** The open run, else the newest. */
  current(): RunState | undefined;
  view(run: RunId): Promise<RunView | undefined>;
  runs(): Promise<readonly RunSummary[]>;
  open(by: Principal): Promise<Decision>;
  /** Refused when the run is not the newest any more by the time that the input's turn has come. */
  submit(run: RunId, input: Input): Promise<Decision>;
  startPhase(run: RunId, phase: PhaseId, by: Principal, wrapper: ProcessIdentity, host: string): Promise<PhaseStart>;
  /** A sign of life of a phase's wrapper; the answer says whether the phase may go on. */
  beat(
    run: RunId,
    phase: PhaseId,
    by: Principal,
    tag: string | undefined,
    fraction: number | undefined,
  ): Promise<Orders>;
  entries(run: RunId, afterSeq: number): Promise<readonly Entry<RunEvent>[]>;
  /** Told about new entries until the signal is aborted. */
  follow(listener: (entries: readonly Entry<RunEvent>[]) => void, signal: AbortSignal): void;
  /** What the newest run's baseline can tell, and what of the plan's wishes it is too weak for; undefined without one. */
  foretold(): Promise<{ readonly power: readonly Power[]; readonly weaknesses: readonly string[] } | undefined>;
  /** What ordering a rollback now would do, as far as one can tell beforehand. Nothing is done. */
  outlook(wanted: Wanted): Promise<Outlook | Extract<Decision, { readonly refused: unknown }>>;
  report(run: RunId): Promise<string | undefined>;
  /** Undefined for a probe that the plan does not have. */
  readings(probe: ProbeId, from: Instant, to: Instant): Promise<readonly Reading[] | undefined>;
  /** Why it cannot do its work now; empty when it can. */
  unready(): readonly string[];
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  now(): Instant;
  /** How long a baseline is captured when nobody says so. */
  captureFor(): Millis;
}
