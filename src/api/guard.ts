import type { Principal, Right } from '../core/authority/roles.ts';
import type { RevokeInput } from '../core/authority/tokens.ts';
import type { Power } from '../core/detection/detection-power.ts';
import type { PhaseId, ProbeId, RunId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { Wanted } from '../core/run/decide/orders.ts';
import type { Decision } from '../core/run/decision.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Gate } from '../core/run/gate.ts';
import type { Input } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import type { RunView } from '../core/run/view.ts';
import type { Entry } from '../journal/journal.ts';
import type { ReadingsPage } from '../monitoring/reading-history.ts';
import type { AskedStart, PhaseStart } from '../phases/phase-start.ts';
import type { Orders } from '../phases/reporter.ts';
import type { DryRun } from '../rollback/dry-run.ts';
import type { ListedRun } from '../runs/stored-runs.ts';
import type { Revoked, Whose } from '../runs/token-revocation.ts';

/** Names a guard: one plan in one environment. */
export interface GuardName {
  /** The plan's name. */
  readonly plan: string;
  /** The environment's name. */
  readonly target: string;
}

/** What the HTTP routes need from one guard. */
export interface Guard {
  readonly name: GuardName;
  /** Aborts when the guard ends, or when another process takes it over: this process learns of no later event. */
  readonly over: AbortSignal;
  /** The rights that the plan gives a role. */
  rightsOf(role: string): readonly Right[];
  /** Whether the journal has this run and the run belongs to this guard. */
  owns(run: RunId): Promise<boolean>;
  /** The current state of a run of this guard. */
  state(run: RunId): Promise<RunState | undefined>;
  principalOf(token: string): Whose;
  /** When this resolves, this daemon and all later ones refuse the principal's token. */
  revokeToken(input: RevokeInput): Promise<Revoked>;
  /** The open run, or else the newest. */
  current(): RunState | undefined;
  view(run: RunId): Promise<RunView | undefined>;
  /** Whether a script may begin its next batch; undefined for an unknown run. */
  gate(run: RunId): Promise<Gate | undefined>;
  runs(): Promise<readonly ListedRun[]>;
  open(by: Principal): Promise<Decision>;
  /** Refused if a newer run exists by the time this input is processed. */
  submit(run: RunId, input: Input): Promise<Decision>;
  startPhase(run: RunId, phase: PhaseId, by: Principal, asked: AskedStart): Promise<PhaseStart>;
  /** Takes a heartbeat of a phase's wrapper; the answer says whether the phase may continue. */
  beat(
    run: RunId,
    phase: PhaseId,
    by: Principal,
    tag: string | undefined,
    fraction: number | undefined,
  ): Promise<Orders>;
  /** A wrapper may have been refused for want of room, so no phase is lost for a lease from now on. */
  excuseSilence(): void;
  entries(run: RunId, afterSeq: number): Promise<readonly Entry<RunEvent>[]>;
  /** Calls back for new entries until the signal is aborted. */
  follow(listener: (entries: readonly Entry<RunEvent>[]) => void, signal: AbortSignal): void;
  /**
   * What the newest run's baseline can detect, and which requirements of the plan it is too weak for; undefined without a
   * baseline.
   */
  detectionPower(): Promise<{ readonly power: readonly Power[]; readonly weaknesses: readonly string[] } | undefined>;
  /** Predicts what a rollback ordered now would do. Changes nothing. */
  dryRun(wanted: Wanted): Promise<DryRun | Extract<Decision, { readonly refused: unknown }>>;
  report(run: RunId): Promise<string | undefined>;
  /** Undefined for a probe that the run's plan does not have. */
  readings(run: RunId, probe: ProbeId, from: Instant, to: Instant): Promise<ReadingsPage | undefined>;
  /** Why the guard cannot work now; empty if it can. */
  unready(): readonly string[];
  /** Work that events require but that is not done yet, such as writing a report; one sentence each. */
  overdue(): readonly string[];
  /** Rights that logins hold beyond what they need. They do not affect readiness. */
  logins(): readonly string[];
  /** Updates the metrics before a scrape. */
  showMetrics(): Promise<void>;
  now(): Instant;
  /** How long a baseline capture takes if the request does not say. */
  captureFor(): Millis;
}
