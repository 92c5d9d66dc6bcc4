import { commonSlowness, type Control, controlFrom, seeControl } from '../core/detection/control-probes.ts';
import { baselineOf } from '../core/evidence/baseline.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { latencyOf, type Reading } from '../core/evidence/reading.ts';
import { type CheckId, checkId, type ProbeId, probeId } from '../core/kernel/ids.ts';
import type { Instant, Ratio } from '../core/kernel/units.ts';
import { switchedOn } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Circumstances } from '../core/run/circumstances.ts';
import type { RunEvent } from '../core/run/events.ts';
import { isMarker, recoveredIn } from '../core/run/markers.ts';
import { type CheckHistory, noteFinding } from '../core/verdicts/checks.ts';
import { freshEvidence, type ProbeEvidence, takeIn } from '../core/verdicts/probe-evidence.ts';

/** How many readings of each probe stay in memory, for boundaries and for API clients. */
const kept = 120;

/** The newest evidence about each probe and check. After a restart, it is rebuilt from the journal. */
export interface EvidenceStore {
  reading(reading: Reading, circumstances: Circumstances): void;
  finding(finding: Finding): void;
  /** Restarts the measurement of slowness here, for every probe or only for `only`. */
  mark(marker: Instant, only?: ProbeId): void;
  probes(): ReadonlyMap<ProbeId, ProbeEvidence>;
  checks(): ReadonlyMap<CheckId, CheckHistory>;
  /** How many times slower than usual the controls are now; undefined if unknown. */
  common(): Ratio | undefined;
  /** The last readings of every probe, oldest first. */
  recent(): ReadonlyMap<ProbeId, readonly Reading[]>;
}

/** The state of the control probes. Markers do not concern controls, so it survives them; a new baseline resets it. */
function controlProbes(plan: Plan) {
  const ids = new Set(plan.probes.filter(({ control }) => control).map(({ id }) => probeId(id)));
  const controls = new Map<ProbeId, Control>();
  let since: Circumstances['baseline'];
  let common: Ratio | undefined;
  return {
    common: () => common,
    see(reading: Reading, baseline: Circumstances['baseline']) {
      if (!ids.has(reading.probe)) return;
      if (since !== baseline) controls.clear();
      since = baseline;
      const before = controls.get(reading.probe) ?? controlFrom(baselineOf(baseline, reading.probe)?.latencies ?? []);
      if (before === undefined) return;
      controls.set(reading.probe, seeControl(before, latencyOf(reading)));
      common = commonSlowness([...controls.values()]);
    },
  };
}

export function createEvidenceStore(plan: Plan, marker: Instant): EvidenceStore {
  const planned = new Map(plan.probes.map((probe) => [probeId(probe.id), probe]));
  const ids = [...planned.keys()];
  const probes = new Map(ids.map((id) => [id, freshEvidence(marker)]));
  const recent = new Map(ids.map((id): [ProbeId, Reading[]] => [id, []]));
  const checks = new Map<CheckId, CheckHistory>();
  const known = new Set([...plan.checks.map(({ id }) => id), ...switchedOn(plan)].map(checkId));
  const controls = controlProbes(plan);
  return {
    reading(reading, { limits, baseline, scalesOf }) {
      const evidence = probes.get(reading.probe);
      const probe = planned.get(reading.probe);
      if (evidence === undefined || probe === undefined) return; // a changed plan may no longer have the probe
      controls.see(reading, baseline);
      const scales = () => (probe.control ? undefined : scalesOf(probe));
      probes.set(reading.probe, takeIn(evidence, reading, limits, scales, controls.common()));
      const readings = recent.get(reading.probe);
      readings?.push(reading);
      if (readings !== undefined && readings.length > 2 * kept) readings.splice(0, readings.length - kept);
    },
    finding(finding) {
      if (known.has(finding.check)) checks.set(finding.check, noteFinding(checks.get(finding.check), finding));
    },
    mark(from, only) {
      for (const id of only === undefined ? ids : [only]) probes.set(id, freshEvidence(from, probes.get(id)));
    },
    probes: () => probes,
    checks: () => checks,
    common: controls.common,
    recent: () => recent,
  };
}

/** Restarts the evidence if the event calls for it: for every probe, or for the probes that recovered. */
export function markAt(event: RunEvent, evidence: Pick<EvidenceStore, 'mark'>): void {
  if (isMarker(event)) evidence.mark(event.at);
  if (event.type !== 'verdicts-changed') return;
  for (const probe of recoveredIn(event.verdicts)) evidence.mark(event.at, probe);
}
