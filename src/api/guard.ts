import type { Principal, Right } from '../core/authority/roles.ts';
import type { RevokeInput } from '../core/authority/tokens.ts';
import type { Power } from '../core/detection/detection-power.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { PhaseId, ProbeId, RunId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { Wanted } from '../core/run/decide/orders.ts';
import type { Decision } from '../core/run/decision.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Input } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import type { RunView } from '../core/run/view.ts';
import type { Entry } from '../journal/journal.ts';
import type { AskedStart, PhaseStart } from '../phases/phase-start.ts';
import type { Orders } from '../phases/reporter.ts';
import type { DryRun } from '../rollback/dry-run.ts';
import type { ListedRun } from '../runs/stored-runs.ts';
import type { Revoked, Whose } from '../runs/token-revocation.ts';

/** One plan in one environment. */
export interface GuardName {
  /** The plan's name. */
  readonly plan: string;
  /** The environment's. */
  readonly target: string;
}

/** What the HTTP routes need of one guard. */
export interface Guard {
  readonly name: GuardName;
  /** What the plan lets a role do. */
  rightsOf(role: string): readonly Right[];
  /** Whether the journal has this run, and it is one of this guard. */
  owns(run: RunId): Promise<boolean>;
  /** A run of this guard as it is now. */
  state(run: RunId): Promise<RunState | undefined>;
  principalOf(token: string): Whose;
  /** When it resolves, the principal's token is refused from then on, by this daemon and those after it. */
  revokeToken(input: RevokeInput): Promise<Revoked>;
  /** The open run, else the newest. */
  current(): RunState | undefined;
  view(run: RunId): Promise<RunView | undefined>;
  runs(): Promise<readonly ListedRun[]>;
  open(by: Principal): Promise<Decision>;
  /** Refused when the run is not the newest any more by the time that the input's turn has come. */
  submit(run: RunId, input: Input): Promise<Decision>;
  startPhase(run: RunId, phase: PhaseId, by: Principal, asked: AskedStart): Promise<PhaseStart>;
  /** A heartbeat of a phase's wrapper; the answer says whether the phase may continue. */
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
  detectionPower(): Promise<{ readonly power: readonly Power[]; readonly weaknesses: readonly string[] } | undefined>;
  /** What ordering a rollback now would do, as far as one can tell beforehand. Nothing is done. */
  dryRun(wanted: Wanted): Promise<DryRun | Extract<Decision, { readonly refused: unknown }>>;
  report(run: RunId): Promise<string | undefined>;
  /** Undefined for a probe that the run's plan does not have. */
  readings(run: RunId, probe: ProbeId, from: Instant, to: Instant): Promise<readonly Reading[] | undefined>;
  /** Why it cannot do its work now; empty when it can. */
  unready(): readonly string[];
  /** What must be done about events, such as writing a report, and is not done yet; one sentence each. */
  overdue(): readonly string[];
  /** What the plan lets logins do beyond what they need; it is ready nevertheless. */
  logins(): readonly string[];
  /** Brings the metrics up to date, before they are scraped. */
  showMetrics(): Promise<void>;
  now(): Instant;
  /** How long a baseline is captured when nobody says so. */
  captureFor(): Millis;
}
