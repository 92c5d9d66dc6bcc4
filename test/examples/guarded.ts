import { readFile } from 'node:fs/promises';

import type { Finding } from '../../src/core/evidence/finding.ts';
import { withoutSeen } from '../../src/core/evidence/finding.ts';
import type { Clock } from '../../src/core/kernel/clock.ts';
import { type PhaseId, phaseId } from '../../src/core/kernel/ids.ts';
import { after, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { parsePlan } from '../../src/core/plan/parse.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { type CheckHistory, noteFinding } from '../../src/core/verdicts/checks.ts';
import { judge } from '../../src/core/verdicts/judge.ts';
import type { Verdict } from '../../src/core/verdicts/verdict.ts';
import { isComparedWithBoundary, isProof } from '../../src/checks/catalogue.ts';
import { limitsNow } from '../../src/core/run/circumstances.ts';
import { prepareChecks } from '../../src/monitoring/planned-checks.ts';
import { Night } from '../support/night.ts';
import { pipeline, supervisor } from '../support/builders.ts';
import { home } from './cryoprotect.ts';
import { connectionsTo } from '../../src/target/target-connections.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';

/** The example's plan for the database whose connection string `url` returns for a login. */
export async function examplePlan(url: (login: string) => string): Promise<Plan> {
  const text = await readFile(`${home}ripcord.yaml`, 'utf8');
  const env = {
    GUARD_URL: url('ripcord_guard'),
    READER_URL: url('ripcord_reader'),
    REACH_URL: url('ripcord_reach'),
    UNDO_URL: url('remediation_undo'),
  };
  const parsed = parsePlan(text, { env, environment: 'staging', readFile: () => undefined });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.plan;
}

/** A run of the example with checks of a real database and a clock that the test controls. */
export interface Guarded extends AsyncDisposable {
  readonly night: Night;
  /** Freezes the findings of the checks. */
  baseline(): Promise<void>;
  start(phase: string): Promise<void>;
  finish(phase: string): void;
  /** The same with fewer checks, for a phase before the one under test. */
  startSoon(phase: string): Promise<void>;
  /** Runs every check three times within three minutes, and returns the verdicts that are not healthy. */
  look(): Promise<readonly Verdict[]>;
}

export async function guarded(plan: Plan): Promise<Guarded> {
  await using undo = new AsyncDisposableStack();
  const target = plan.environments['staging']?.target;
  if (target === undefined) throw new Error('the example has no environment staging');
  const connections = connectionsTo({ target, plan, cost: () => undefined }, undo);
  const night = new Night(plan);
  const clock: Clock = { now: () => night.now, wait: async () => undefined };
  const state = () => night.state;
  const { checks, asked: ids } = await prepareChecks({
    plan,
    connections,
    target,
    clock,
    cost: () => undefined,
    state,
    hide: hidesNothing,
  });
  // As in the daemon, cheap checks run repeatedly between those that read whole tables.
  const [cheap, dear] = [
    checks.filter(({ every }) => every !== undefined),
    checks.filter(({ every }) => every === undefined),
  ];
  const histories = new Map<Finding['check'], CheckHistory>();

  const asked = async (some: typeof checks, capturing: boolean): Promise<readonly Finding[]> => {
    const findings: Finding[] = [];
    for (const check of some) findings.push(await check.run(capturing));
    return findings;
  };
  const note = (findings: readonly Finding[]): void => {
    for (const finding of findings)
      histories.set(finding.check, noteFinding(histories.get(finding.check), withoutSeen(finding)));
  };
  const round = async (capturing = false): Promise<readonly Finding[]> => {
    night.now = after(night.now, minutes(1));
    await asked(cheap, false);
    night.now = after(night.now, seconds(5));
    const findings = await asked([...cheap, ...dear], capturing);
    note(findings);
    return findings;
  };
  const verdicts = (): readonly Verdict[] => {
    const { baseline } = night.state;
    const evidence = { baseline: baseline?.baseline, checks: histories, catalogue: ids, probes: new Map() };
    const all = { ...evidence, clocks: [], comparedWith: 'in the baseline' };
    return judge(plan, all, limitsNow(plan, night.state), night.now).filter(({ subject }) =>
      [...ids, ...plan.checks.map(({ id }) => id)].includes(subject as never),
    );
  };
  const boundary = async (phase: PhaseId) => {
    const findings = (await round()).filter(({ check }) => isProof(check));
    const kept = findings.map((one) => (isComparedWithBoundary(one.check) ? one : withoutSeen(one)));
    return { phase, at: night.now, schema: {}, findings: kept, probes: [] };
  };
  const opened = undo.move();
  return {
    night,
    async baseline() {
      await round(true); // counting checks need a second execution to get rates
      night.baseline({ findings: await round(true) });
      night.look(verdicts());
    },
    async start(id) {
      const phase = phaseId(id);
      const taken = await boundary(phase);
      night.look(verdicts());
      night.give({ kind: 'phase-start', phase, by: pipeline, supervisor, boundary: taken });
      if (night.refused !== undefined) throw new Error(`${night.refused.because}: ${night.refused.found}`);
    },
    async startSoon(id) {
      night.now = after(night.now, minutes(1));
      note(await asked(cheap, false));
      night.look(verdicts());
      night.start(phaseId(id));
      if (night.refused !== undefined) throw new Error(`${night.refused.because}: ${night.refused.found}`);
    },
    finish: (id) => void night.finish(phaseId(id)),
    async look() {
      for (let time = 0; time < 3; time += 1) {
        await round();
        night.look(verdicts(), undefined, millis(0));
      }
      return verdicts().filter(({ status, warning }) => status !== 'ok' || warning);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
