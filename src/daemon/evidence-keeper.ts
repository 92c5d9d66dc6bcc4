import type { Baseline } from '../core/evidence/baseline.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import { type CheckId, checkId, type ProbeId, probeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type CheckHistory, noteFinding } from '../core/verdicts/checks.ts';
import { freshEvidence, type Limits, type ProbeEvidence, takeIn } from '../core/verdicts/judge.ts';

/** How many readings of each probe stay in memory, for boundaries and for those who ask. */
const kept = 120;

/** What has been seen lately: the newest evidence about each probe and check. Rebuilt from the journal after a restart. */
export interface EvidenceKeeper {
  reading(reading: Reading, baseline: Baseline | undefined, limits: Limits): void;
  finding(finding: Finding): void;
  /** Slowness is measured anew from here. */
  mark(marker: Instant): void;
  probes(): ReadonlyMap<ProbeId, ProbeEvidence>;
  checks(): ReadonlyMap<CheckId, CheckHistory>;
  /** The last readings of every probe, oldest first. */
  recent(): ReadonlyMap<ProbeId, readonly Reading[]>;
}

export function evidenceKeeper(plan: Plan, marker: Instant): EvidenceKeeper {
  const ids = plan.probes.map(({ id }) => probeId(id));
  const probes = new Map(ids.map((id) => [id, freshEvidence(marker)]));
  const recent = new Map(ids.map((id): [ProbeId, Reading[]] => [id, []]));
  const checks = new Map<CheckId, CheckHistory>();
  const known = new Set(plan.checks.map(({ id }) => checkId(id)));
  return {
    reading(reading, baseline, limits) {
      const evidence = probes.get(reading.probe);
      if (evidence === undefined) return; // a probe that a changed plan no longer has
      probes.set(reading.probe, takeIn(evidence, reading, baseline, limits));
      const readings = recent.get(reading.probe);
      readings?.push(reading);
      if (readings !== undefined && readings.length > 2 * kept) readings.splice(0, readings.length - kept);
    },
    finding(finding) {
      if (known.has(finding.check)) checks.set(finding.check, noteFinding(checks.get(finding.check), finding));
    },
    mark(from) {
      for (const id of ids) probes.set(id, freshEvidence(from, probes.get(id)));
    },
    probes: () => probes,
    checks: () => checks,
    recent: () => recent,
  };
}
