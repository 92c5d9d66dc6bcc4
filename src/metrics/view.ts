import type { ProbeId } from '../core/kernel/ids.ts';
import type { Instant, Millis, Ratio } from '../core/kernel/units.ts';
import type { Recommendation } from '../core/response/recommendation.ts';
import type { Rollback } from '../core/response/rollback.ts';
import { phaseStates } from '../core/run/phases.ts';
import type { Stage } from '../core/run/state.ts';
import type { PhaseView, RunView } from '../core/run/view.ts';

export { phaseStates };

const keysOf = <Key extends string>(record: Readonly<Record<Key, true>>): readonly Key[] =>
  Object.keys(record).filter((key): key is Key => key in record);

/** The values of the label `mode`, mildest first. */
export const runModes = keysOf<RunView['mode']>({ observe: true, recommend: true, armed: true });
/** The values of the label `state` of a run. */
export const runStages = keysOf<Stage>({
  open: true,
  held: true,
  recommending: true,
  'rolling-back': true,
  blocked: true,
  watching: true,
  settled: true,
  closed: true,
});
export type RollbackTrigger = Rollback['trigger'];
export const rollbackTriggers = keysOf<RollbackTrigger>({ automatic: true, approved: true, ordered: true });

/** The values of the label `reason` of connections that the API turned away. */
export const rejections = ['crowded', 'principals-crowded', 'slow', 'too-long', 'too-often'] as const;
export type Rejection = (typeof rejections)[number];

/** What the daemon knows now, as plain data. A scrape derives the gauges from the newest view. */
export interface MetricsView {
  /** The target answered the last time. */
  readonly targetUp: boolean;
  readonly blind: boolean;
  /** This is the only guard of the target. */
  readonly lockHeld: boolean;
  /** The number of duties that could not be done so far. */
  readonly overdue: number;
  /** An address of the target leads elsewhere. */
  readonly mismatch: boolean;
  /** How far the wall clock is ahead of the guard's. */
  readonly clockOffset: Millis;
  /** The current limits, including what the running phase declares. */
  readonly thresholds: { readonly slowdown: Ratio; readonly runtime: Ratio };
  readonly latency: readonly LatencyView[];
  readonly baseline?: BaselineView;
  /** What the core shows of the run; absent without a run, or if it no longer matters. */
  readonly run?: MetricsRun;
}

/** The newest readings of one probe beside its baseline. Unknown values are absent. */
export interface LatencyView {
  readonly probe: ProbeId;
  readonly p50?: Millis;
  readonly p95?: Millis;
  readonly baselineP50?: Millis;
  readonly baselineP95?: Millis;
  readonly slowdown?: Ratio;
}

export interface BaselineView {
  readonly capturedAt: Instant;
  readonly readings: readonly { readonly probe: ProbeId; readonly count: number }[];
}

/** The part of the core's view of a run that is exported. */
export interface MetricsRun extends Pick<RunView, 'mode' | 'stage' | 'openedAt' | 'runtime' | 'criteria' | 'watch'> {
  readonly phases: readonly MetricsPhase[];
  readonly recommendations: readonly Pick<Recommendation, 'id' | 'state' | 'expiresAt'>[];
}

export type MetricsPhase = Pick<
  PhaseView,
  'phase' | 'state' | 'estimate' | 'startedAt' | 'endedAt' | 'worked' | 'progress'
>;
