import type { ProbeId } from '../kernel/ids.ts';
import type { Ratio } from '../kernel/units.ts';
import type { CatalogueId } from '../plan/catalogue.ts';
import { byCriterion, type Reason, type Verdict } from '../verdicts/verdict.ts';
import { sayBlindness, sayTargetChange } from './blindness.ts';
import { rollbackUnderWay, type RunState } from './state.ts';

/** Whether a script may begin its next batch, and if not, everything that speaks against it. */
export interface Gate {
  readonly go: boolean;
  readonly because: readonly string[];
}

/** Checks whose faults ease, or at least do not get worse, while a script waits. */
const pressure: ReadonlySet<string> = new Set<CatalogueId>([
  'blocked-sessions',
  'lock-queue',
  'exclusive-locks',
  'connections',
  'replica-lag',
  'slots',
  'archiver',
  'disk',
  'wal-volume',
]);
const faulty: ReadonlySet<Reason> = new Set<Reason>(['breach', 'broken', 'broken-pending', 'noted']);

export interface AtGate {
  readonly state: RunState;
  /** The newest verdicts. */
  readonly verdicts: readonly Verdict[];
  /** The probe with the strongest evidence of slowness, as a share of what an alarm takes. */
  readonly slowest?: { readonly probe: ProbeId; readonly share: Ratio };
  /** Why the guard cannot work now. */
  readonly unready: readonly string[];
}

/** A script should wait long before there is an alarm. */
const half = 0.5;

function ofRun(state: RunState): readonly string[] {
  const { closed, held, blind, targetChange, recommendations } = state;
  if (closed !== undefined) return ['the run is closed'];
  const open = recommendations.find((one) => one.state === 'open');
  return [
    ...(held === undefined ? [] : [`the run is held by ${held.by}: ${held.reason}`]),
    ...(blind === undefined ? [] : [`the guard is blind: ${sayBlindness(blind.probes, (names) => names.join(', '))}`]),
    ...(targetChange === undefined ? [] : [`${sayTargetChange(targetChange)}, which nobody has confirmed yet`]),
    ...(open === undefined ? [] : [`a rollback is recommended (${open.id})`]),
    ...(rollbackUnderWay(state) === undefined ? [] : ['a rollback is under way']),
  ];
}

/**
 * Decides on the newest evidence, long before a breach: a script asks before each batch, and a batch that begins a little later
 * costs nothing.
 */
export function gateOf({ state, verdicts, slowest, unready }: AtGate): Gate {
  const breached = [...byCriterion(verdicts)]
    .filter(([, status]) => status === 'breach')
    .map(([criterion]) => criterion);
  const faults = verdicts.filter(({ subject, because }) => pressure.has(subject) && faulty.has(because));
  const isSlow = slowest !== undefined && slowest.share >= half;
  const because = [
    ...ofRun(state),
    ...unready,
    ...breached.map((criterion) => `${criterion} is breached`),
    ...faults.map(({ subject, summary }) => `${subject}: ${summary}`),
    ...(isSlow
      ? [`${slowest.probe} has ${Math.round(slowest.share * 100)} % of the evidence that an alarm of slowness takes`]
      : []),
  ];
  return { go: because.length === 0, because };
}
