import { type Command, Option } from 'commander';

import type { ForOption, ReasonOption, RunOptions } from '../call.ts';
import type { PhaseOptions } from '../phase.ts';
import type { ReportOptions } from '../report.ts';
import { addCommand, addGroup, daemonOptions, option, runOptions, type Stage } from '../declare.ts';

function declareActs(run: Command, stage: Stage): void {
  addCommand<RunOptions & ForOption>(run, stage, {
    usage: 'arm',
    summary: 'lets it act where a pre-approval covers it',
    about:
      'Arms the run: from now on the guard acts without asking where an active pre-approval covers what it would do.',
    examples: ['ripcord run arm', 'ripcord run arm --for 2h'],
    options: [option.duration('for how long (default: what the plan says)'), ...runOptions],
    run: async (call) => (await import('../run.ts')).arm(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'disarm',
    summary: 'lets it do nothing without asking',
    about: 'Disarms the run. A rollback that is under way goes on.',
    examples: ['ripcord run disarm --reason "the window is over"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).disarm(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'hold',
    summary: 'lets no phase start',
    about: 'Holds the run: no phase starts until it is resumed. The guard goes on looking.',
    examples: ['ripcord run hold', 'ripcord run hold --reason "waiting for the application team"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).hold(call),
  });
  addCommand<RunOptions>(run, stage, {
    usage: 'resume',
    summary: 'lets phases start again',
    about: 'Lets phases start again after a hold.',
    examples: ['ripcord run resume'],
    options: [...runOptions],
    run: async (call) => (await import('../run.ts')).resume(call),
  });
  addCommand<RunOptions & ReasonOption>(run, stage, {
    usage: 'close',
    summary: 'ends the run',
    about: 'Ends the run. It cannot be opened again; the journal keeps it.',
    examples: ['ripcord run close --reason "all phases applied, all is well"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../run.ts')).close(call),
  });
}

function declareRun(program: Command, stage: Stage): void {
  const run = addGroup(program, 'run', 'opens, shows, arms, holds and closes the run', [
    'ripcord run open',
    'ripcord run status',
    'ripcord run hold --reason "waiting for the application team"',
    'ripcord run close --reason "all phases applied, all is well"',
  ]);
  addCommand<RunOptions>(run, stage, {
    usage: 'open',
    summary: 'begins a run of the plan',
    about: 'Begins a run of the plan that the daemon serves. The next step is the baseline.',
    examples: ['ripcord run open', 'ripcord run open --json'],
    options: [...runOptions],
    run: async (call) => (await import('../run.ts')).open(call),
  });
  addCommand<RunOptions>(run, stage, {
    usage: 'status',
    summary: 'where the run stands, and what to type next',
    about: `Shows where the run stands: what is wrong and what it asks first, then everything else.
Exits with 0 when all is well, 1 while anything is breached or waits for an answer, 3 while the guard cannot look.`,
    examples: ['ripcord run status', 'ripcord run status --json', 'watch ripcord run status'],
    options: [...runOptions],
    run: async (call) => (await import('../run.ts')).status(call),
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
    summary: 'reads what is normal, and freezes it',
    about: 'Has the probes read for a while and the checks looked at, and freezes that. Waits until it is done.',
    examples: ['ripcord baseline capture', 'ripcord baseline capture --for 10m'],
    options: [option.duration('for how long (default: what the plan says)'), ...runOptions],
    run: async (call) => (await import('../baseline-capture.ts')).captureBaseline(call),
  });
  addCommand<RunOptions>(baseline, stage, {
    usage: 'show',
    summary: 'what is normal, and which slowness can be told how fast',
    about:
      'Shows for each probe how it answered before the change, and how soon which slowness would be recommended for rollback.',
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
    summary: 'runs the work of a phase under guard',
    about: `Asks the guard for leave, runs the command, and passes on its output, its progress and its end. The command may
print lines such as "ripcord-progress 0.4". It is stopped when a rollback begins, or when the guard is lost.
Exits with the command's own exit code, or with 75 when the phase was refused or stopped by the guard.`,
    examples: [
      'ripcord phase security-lockdown',
      'ripcord phase security-lockdown -- node implement_security.ts',
      'ripcord phase data-migration --token-file ~/.ripcord-token -- psql -v ON_ERROR_STOP=1 -f migrate.sql',
    ],
    options: [option.plan, option.environment, ...daemonOptions],
    run: async (call) => (await import('../phase.ts')).phase(call),
  });
}

/** What happened, from the daemon. */
export function declareReport(program: Command, stage: Stage): void {
  program.commandsGroup('Look back:');
  addCommand<ReportOptions>(program, stage, {
    usage: 'report [RUN]',
    args: { RUN: 'the run (default: the open one, else the newest)' },
    summary: 'what happened in a run',
    about: 'Prints what happened in a run: for people as Markdown, for programs as JSON with every event.',
    examples: ['ripcord report', 'ripcord report run-20261122-020000 --format json --output run.json'],
    options: [
      new Option('--format <format>', 'md or json').choices(['md', 'json']).default('md'),
      new Option('--output <file>', 'where to (default: standard output)'),
      ...daemonOptions,
    ],
    run: async (call) => (await import('../report.ts')).report(call),
  });
}
