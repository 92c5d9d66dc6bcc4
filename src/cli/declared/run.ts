import { type Command, Option } from 'commander';

import type { ForOption, PlanReadOptions, QuestionOption, ReasonOption, RunOptions } from '../call.ts';
import type { GateOptions } from '../gate.ts';
import type { PhaseOptions } from '../phase.ts';
import type { ReportOptions } from '../report.ts';
import type { RunPlanOptions } from '../run-plan.ts';
import {
  addCommand,
  addGroup,
  daemonOptions,
  forPlan,
  option,
  boundOptions,
  runOptions,
  type Stage,
} from '../declare.ts';

function declareActs(run: Command, stage: Stage): void {
  addCommand<RunOptions & ForOption & PlanReadOptions>(run, stage, {
    usage: 'arm',
    summary: 'lets the guard act without asking where a pre-approval covers it',
    about: `Arms the run: from now on the guard acts without asking where an active pre-approval covers what it would do.
${forPlan}`,
    examples: ['ripcord run arm', 'ripcord run arm --for 2h', 'ripcord run arm --plan ripcord.yaml'],
    options: [option.duration('for how long (default: what the plan says)'), ...boundOptions],
    run: async (call) => (await import('../run.ts')).arm(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'disarm',
    summary: 'makes the guard ask before it acts',
    about: 'Disarms the run. A running rollback continues.',
    examples: ['ripcord run disarm --reason "the window is over"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).disarm(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'hold',
    summary: 'stops further phases from starting',
    about: 'Holds the run: no phase can start until you resume it. The guard continues to watch.',
    examples: ['ripcord run hold', 'ripcord run hold --reason "waiting for the application team"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).hold(call),
  });
  addCommand<RunOptions & QuestionOption>(run, stage, {
    usage: 'resume',
    summary: 'lets phases start again',
    about:
      'Lets phases start again after a hold. If several people hold the run, --question confirms that you know all holds.',
    examples: ['ripcord run resume', 'ripcord run resume --question 57'],
    options: [option.question, ...runOptions],
    run: async (call) => (await import('../run.ts')).resume(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'close',
    summary: 'ends the run',
    about: 'Ends the run. You cannot open it again; the journal keeps it.',
    examples: ['ripcord run close --reason "all phases applied, all is well"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).close(call),
  });
}

function declareGuards(program: Command, stage: Stage): void {
  addCommand<RunOptions>(program, stage, {
    usage: 'guards',
    summary: 'lists the guards that your token can see',
    about: `Lists each guard whose plan has your token: its plan and environment, the state of its newest run, and whether it can do
its work. Exits with 3 if one cannot.`,
    examples: ['ripcord guards', 'ripcord guards --json'],
    options: [...runOptions],
    run: async (call) => (await import('../guards.ts')).guards(call),
  });
}

function declareGate(program: Command, stage: Stage): void {
  addCommand<GateOptions>(program, stage, {
    usage: 'gate',
    summary: 'tells a script whether to begin its next batch',
    about: `Asks whether anything speaks against writing now: a hold, blindness, a lock queue, a replica that lags, a breach, or half
of the evidence that an alarm of slowness takes. Exits with 0 to go on, and with 75 to wait.`,
    examples: ['ripcord gate', 'ripcord gate --wait 10m', 'ripcord gate --json'],
    options: [option.wait, ...runOptions],
    run: async (call) => (await import('../gate.ts')).gate(call),
  });
}

function declareRun(program: Command, stage: Stage): void {
  declareGuards(program, stage);
  declareGate(program, stage);
  const run = addGroup(program, 'run', 'opens, shows, arms, holds and closes the run', [
    'ripcord run open',
    'ripcord run status',
    'ripcord run hold --reason "waiting for the application team"',
    'ripcord run close --reason "all phases applied, all is well"',
  ]);
  addCommand<RunOptions>(run, stage, {
    usage: 'open',
    summary: 'opens a run of the plan',
    about: 'Opens a run of the plan that the daemon serves. Next, capture the baseline.',
    examples: ['ripcord run open', 'ripcord run open --json'],
    options: [...runOptions],
    run: async (call) => (await import('../run.ts')).open(call),
  });
  addCommand<RunOptions>(run, stage, {
    usage: 'status',
    summary: 'shows where the run stands, and what to type next',
    about: `Shows where the run stands: first what is wrong and what needs an answer, then everything else.
Exits with 0 if all is well, 1 if anything is breached or waits for an answer, 3 if the guard cannot evaluate.`,
    examples: ['ripcord run status', 'ripcord run status --json', 'watch ripcord run status'],
    options: [...runOptions],
    run: async (call) => (await import('../run.ts')).status(call),
  });
  addCommand<RunPlanOptions>(run, stage, {
    usage: 'plan [RUN]',
    args: { RUN: 'its id (default: the open run, else the newest)' },
    summary: 'shows the plan of a run',
    about: `Prints the plan as the run's journal holds it: the text of the file, without the secrets written in it and with its
placeholders as they are.
With --diff, shows how the file differs from it, and exits with 1 if it does.`,
    examples: ['ripcord run plan', 'ripcord run plan run-20261122-020000 --diff', 'ripcord run plan --json'],
    options: [
      new Option('--diff', 'how the plan file differs from it'),
      option.planHere,
      option.environment,
      option.json,
      ...daemonOptions,
    ],
    run: async (call) => (await import('../run-plan.ts')).showRunPlan(call),
  });
  declareActs(run, stage);
}

function declareBaseline(program: Command, stage: Stage): void {
  const baseline = addGroup(program, 'baseline', 'captures and shows what is normal', [
    'ripcord baseline capture',
    'ripcord baseline show',
  ]);
  addCommand<RunOptions & ForOption>(baseline, stage, {
    usage: 'capture',
    summary: 'measures what is normal, and freezes it',
    about: 'Reads the probes for a while, runs the checks, and freezes the result. Waits until it is done.',
    examples: ['ripcord baseline capture', 'ripcord baseline capture --for 10m'],
    options: [option.duration('for how long (default: what the plan says)'), ...runOptions],
    run: async (call) => (await import('../baseline-capture.ts')).captureBaseline(call),
  });
  addCommand<RunOptions>(baseline, stage, {
    usage: 'show',
    summary: 'shows what is normal, and how soon the guard can detect which slowness',
    about:
      'Shows for each probe how it answered before the change, and how soon Ripcord would recommend a rollback for which slowness.',
    examples: ['ripcord baseline show', 'ripcord baseline show --json'],
    options: [...runOptions],
    run: async (call) => (await import('../baseline-show.ts')).showBaseline(call),
  });
}

/** Commands that open a run and carry it through. */
export function declareRunning(program: Command, stage: Stage): void {
  program.commandsGroup('Run:');
  declareRun(program, stage);
  declareBaseline(program, stage);
  addCommand<PhaseOptions>(program, stage, {
    usage: 'phase <ID> [COMMAND...]',
    args: {
      ID: 'the phase',
      COMMAND: 'the program and its arguments, after -- (default: what the plan has under apply)',
    },
    summary: 'runs the work of a phase under the guard',
    about: `Asks the guard for permission, runs the command, and passes on its output, its progress and its end. The command can
print lines such as "ripcord-progress 0.4". It is stopped when a rollback starts, or when the guard is lost.
Exits with the command's own exit code, or with 75 if the guard refused or stopped the phase.`,
    examples: [
      'ripcord phase security-lockdown',
      'ripcord phase security-lockdown -- node implement_security.ts',
      'ripcord phase data-migration --token-file ~/.ripcord-token -- psql -v ON_ERROR_STOP=1 -f migrate.sql',
    ],
    options: [option.planHere, option.environment, ...daemonOptions],
    run: async (call) => (await import('../phase.ts')).phase(call),
  });
}

/** Commands that show what happened, as the daemon knows it. */
export function declareReport(program: Command, stage: Stage): void {
  program.commandsGroup('Look back:');
  addCommand<ReportOptions>(program, stage, {
    usage: 'report [RUN]',
    args: { RUN: 'the run (default: the open one, else the newest)' },
    summary: 'shows what happened in a run',
    about: 'Prints what happened in a run: for people as Markdown, for programs as JSON with every event.',
    examples: ['ripcord report', 'ripcord report run-20261122-020000 --format json --output run.json'],
    options: [
      new Option('--format <format>', 'md or json').choices(['md', 'json']).default('md'),
      new Option('--output <file>', 'the file to write (default: standard output)'),
      option.ofPlan,
      ...daemonOptions,
    ],
    run: async (call) => (await import('../report.ts')).report(call),
  });
}
