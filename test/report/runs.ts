import { stepId } from '../../src/core/kernel/ids.ts';
import { millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { reportPlan } from './a-plan.ts';
import { at, finding, firstRecommendation, orphan, slow, third, ToldRun } from './told-run.ts';
import { watchIn } from '../../src/core/run/response.ts';

/** Whole runs. Each stops at a point where its report differs from the others. */

const undoOutput = `dropped index idx_molecule_experiments_experiment
dropped table molecule_experiments (18 204 rows)
done in 5m 12s`;

/** Phases 1 and 2 are applied; phase 3 runs, and its progress is reported. */
function thirdRuns(run: ToldRun): ToldRun {
  run.firstTwo().at('2h04m').start(third);
  for (let step = 1; step <= 4; step += 1) run.at(`2h${4 + 2 * step}m`).progress(third, step / 20);
  return run;
}

const seen = (run: ToldRun): ToldRun =>
  run
    .at('2h13m51s')
    .look([slow('slower-pending'), orphan('ok')])
    .at('2h14m07s')
    .look([slow('slower'), orphan('ok')]);

/** Forward work is stopped and phase 3 is undone, but not yet compared. */
function undo(run: ToldRun): ToldRun {
  run.stopWork().fail(third, 'it was stopped by the guard').begin(`${third}/undo`);
  return run.done(`${third}/undo`, seconds(312), undoOutput);
}

const compared = `3 objects of the schema are as they were before ${third}, and 2 checks are well
Not compared: 4 checks that never veto, what probes see, rows, roles`;
const prove = (run: ToldRun): ToldRun => run.begin(`${third}/verify`).done(`${third}/verify`, seconds(9), compared);

function opened(plan?: Plan): ToldRun {
  const run = new ToldRun(plan).baseline();
  for (const check of ['no-orphan-prediction', 'no-table-without-policies']) {
    run.give({ kind: 'finding', finding: finding(check, run.now) });
  }
  return run.look([slow('as-before'), orphan('ok')]);
}

/** Nobody is asked: a slow phase 3 is undone under a pre-approval, proved, and watched to the end. */
export function automaticRun(plan?: Plan): ToldRun {
  const run = prove(undo(seen(thirdRuns(opened(plan).at('1h10m').arm()))));
  const { length } = watchIn(run.state.response) ?? { length: minutes(60) };
  const half = Math.floor(length / 120_000);
  run.look([slow('as-before')]).watched(half);
  run.now = (run.now + 20_000) as typeof run.now;
  run.look([slow('as-before')], millis(0), ['molecule-search', 'control']);
  run.now = (run.now + 95_000) as typeof run.now;
  run.look([slow('as-before')]).watched(Math.ceil(length / 60_000) - half);
  return run;
}

/** The same with a person's approval instead of the pre-approval; the watch has just started. */
export function approvedRun(): ToldRun {
  const run = seen(thirdRuns(opened()));
  run.at('2h14m40s').give({ kind: 'acknowledge', recommendation: firstRecommendation, by: run.person('lena') });
  const answer = { kind: 'approve', recommendation: firstRecommendation, evenIfGone: false } as const;
  run.at('2h15m30s').look([slow('slower'), orphan('breach')]);
  run.at('2h16m').give({ ...answer, by: run.person('priya'), reason: 'searches time out for customers' });
  run.at('2h17m').give({ ...answer, by: run.person('lena'), reason: 'agreed, the new index is not used' });
  return prove(undo(run)).watched(12);
}

/** Nothing is broken, but a person orders a rollback. */
export function orderedRun(): ToldRun {
  const run = thirdRuns(opened());
  run.at('2h14m10s').give({ kind: 'order', by: run.person('dana'), reason: 'the export needs the old names' });
  return prove(undo(run));
}

export function declinedRun(): ToldRun {
  const run = seen(thirdRuns(opened()));
  const reason = 'a cold cache; it will pass';
  return run.at('2h19m').give({ kind: 'decline', recommendation: firstRecommendation, by: run.person('dana'), reason });
}

export const waitingRun = (): ToldRun => seen(thirdRuns(opened()));

const left = `table public.molecule_experiments is new
no-orphan-prediction is worse than at the boundary: 3 rows`;

/** The comparison finds a difference, and a person is asked. */
export function askingRun(): ToldRun {
  const run = undo(seen(thirdRuns(opened().at('1h10m').arm()))).begin(`${third}/verify`);
  const question = `The database is not as it was before ${third}. Look at the list; fix it and say --again, or accept it and say --done.`;
  return run.record({ type: 'step-asked', step: stepId(`${third}/verify`), question, output: left });
}

/** The person accepts it. */
export function acceptedRun(): ToldRun {
  const run = askingRun();
  const confirm = { kind: 'confirm', step: stepId(`${third}/verify`), answer: 'done' } as const;
  return run.at('2h31m').give({ ...confirm, by: run.person('dana'), reason: 'the empty table does no harm' });
}

/** Alternatively, the person aborts the rollback. */
export function givenUpRun(): ToldRun {
  const run = askingRun().at('2h31m');
  run.give({ kind: 'abort', by: run.person('dana'), reason: 'we look at it in the morning' });
  return run.record({ type: 'rollback-aborted' });
}

/** It cannot be proved that forward work has stopped. */
export function blockedRun(): ToldRun {
  const run = seen(thirdRuns(opened().at('1h10m').arm())).record({ type: 'stop-work-started' });
  const question = 'Forward work could not be proved stopped: still there: session 812 (ripcord-phase-3).';
  return run.at('2h14m30s').record({ type: 'rollback-blocked', question });
}

/** Slow again during the watch. */
export function relapsedRun(): ToldRun {
  const run = prove(undo(seen(thirdRuns(opened().at('1h10m').arm())))).watched(10);
  return run.at('2h31m').look([slow('slower', at('2h30m40s'))], seconds(30));
}

/** Phase 3 loses its wrapper; nothing is slow. */
export function lostRun(): ToldRun {
  const run = thirdRuns(opened());
  return run.at('2h20m').give({ kind: 'phase-lost', phase: run.state.phases[2]?.phase ?? ('' as never) });
}

export function quietRun(): ToldRun {
  const run = opened().firstTwo();
  return run.at('3h').give({ kind: 'close', by: run.person('dana'), reason: 'the rest next week' });
}

export function hastyRun(): ToldRun {
  const run = approvedRun();
  return run.give({ kind: 'close', by: run.person('dana'), reason: 'everybody wants to sleep' });
}

/** Nobody answers for half an hour; the recommendation is raised again because the breach lasts. */
export const expiredRun = (): ToldRun =>
  waitingRun()
    .at('2h45m')
    .look([slow('slower'), orphan('ok')]);

/** Undone, tried again, and undone again. */
export function twiceRun(): ToldRun {
  const run = automaticRun().at('4h').start(third);
  run.at('4h5m').look([slow('slower', at('4h4m40s'))]);
  return prove(undo(run));
}

const restorePlan = (): Plan =>
  reportPlan({
    verification: [],
    environments: {
      production: {
        target: { url: 'postgres://guard@db.example/cryoprotect' },
        restore: {
          method: 'in-place',
          approvals: 1,
          steps: ['maintenance-on', 'start-web', 'maintenance-off'].map((id) => ({ id, command: [id] })),
        },
      },
    },
  });

/** A restore that a person orders, and aborts at the start of the applications. */
export function givenUpRestore(): ToldRun {
  const run = thirdRuns(opened(restorePlan()));
  run.at('2h14m').give({ kind: 'order', restore: true, by: run.person('dana'), reason: 'all is lost' });
  run
    .stopWork()
    .begin('restore/maintenance-on')
    .done('restore/maintenance-on', seconds(2), '')
    .begin('restore/start-web');
  run.record({ type: 'step-asked', step: stepId('restore/start-web'), question: 'It failed', output: '' });
  run.give({ kind: 'abort', by: run.person('dana'), reason: 'by hand then' });
  return run.record({ type: 'rollback-aborted' });
}
