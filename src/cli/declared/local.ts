import { type Command, Option } from 'commander';

import { keepYoungGenerationSmall } from '../../system/young-generation.ts';
import type { JsonOption, PlanOptions } from '../call.ts';
import type { CheckOptions } from '../check.ts';
import type { DoctorOptions } from '../doctor.ts';
import type { InitOptions } from '../init.ts';
import type { AcceptOptions, VerifyOptions } from '../journal.ts';
import type { ReplayOptions } from '../replay.ts';
import type { ServeOptions } from '../serve.ts';
import type { CreateTokenOptions, RevokeTokenOptions } from '../token.ts';
import { addCommand, addGroup, option, runOptions, type Stage } from '../declare.ts';

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

function declareLooks(program: Command, stage: Stage): void {
  addCommand<InitOptions>(program, stage, {
    usage: 'init',
    summary: 'writes a plan by looking at the database',
    about: `Looks at the database at DATABASE_URL and writes a plan for it: its tables, keys, roles and hot statements become
probes and criteria, and comments say what it could not see. It does not overwrite an existing plan.`,
    examples: ['DATABASE_URL=postgres://guard@db/app ripcord init', 'ripcord init --plan plans/remediation.yaml'],
    options: [option.plan],
    run: async (call) => (await import('../init.ts')).init(call),
  });
  addCommand<PlanOptions & JsonOption>(program, stage, {
    usage: 'validate',
    summary: 'shows every fault of the plan at once',
    about: 'Reads the plan and shows every fault in it at once, as FILE:LINE:COLUMN.',
    examples: ['ripcord validate', 'ripcord validate --plan plans/remediation.yaml --env production'],
    options: [option.plan, option.environment, option.json],
    run: async (call) => (await import('../validate.ts')).validate(call),
  });
  addCommand<DoctorOptions>(program, stage, {
    usage: 'doctor',
    summary: 'checks that everything a run depends on is there',
    about: `Checks that the target and the probes can be reached, that no permission is missing, that every check can run, that every
judge can fail, and that forward work can be stopped. Shows which grant is missing. Changes nothing. Exits with 1 if
something is wrong, and with 3 if the target cannot be reached.`,
    examples: ['ripcord doctor', 'ripcord doctor --env production --json'],
    options: [option.plan, option.environment, option.journal, option.json],
    run: async (call) => (await import('../doctor.ts')).doctor(call),
  });
  addCommand<CheckOptions>(program, stage, {
    usage: 'check',
    summary: 'runs the checks once',
    about: `Runs the checks of the plan and of the catalogue once, against the baseline of the newest run if there is one.
Needs no daemon. Exits with 1 if a check is in breach, and with 3 if a check could not run.`,
    examples: ['ripcord check', 'ripcord check --only orphans,grants', 'ripcord check --env staging --json'],
    options: [
      new Option('--only <ids>', 'only these, separated by commas'),
      option.plan,
      option.environment,
      option.journal,
      option.json,
    ],
    run: async (call) => (await import('../check.ts')).runChecksOnce(call),
  });
}

function declareTokens(program: Command, stage: Stage): void {
  const token = addGroup(program, 'token', 'creates and revokes the tokens that identify people and systems', [
    'ripcord token create',
    'ripcord token revoke lena --reason "..."',
  ]);
  addCommand<CreateTokenOptions>(token, stage, {
    usage: 'create',
    summary: 'creates a token for a principal, and its hash for the plan',
    about: 'Creates a token for a person or a system, and the hash that you put into the plan. Stores nothing.',
    examples: ['ripcord token create', 'ripcord token create --expires 90d', 'ripcord token create --json'],
    options: [option.expires, option.json],
    run: async (call) => (await import('../token.ts')).createToken(call),
  });
  addCommand<RevokeTokenOptions>(token, stage, {
    usage: 'revoke <PRINCIPAL>',
    args: { PRINCIPAL: 'the principal’s id in the plan' },
    summary: 'ends a principal’s token at once',
    about: `Tells the daemon to refuse this token from now on, also after a restart and in later runs. Another token in the plan works.
What was approved or allowed with the old one stands: see what to take back with ripcord run status.`,
    examples: ['ripcord token revoke lena --reason "her laptop was stolen"'],
    needs: ['reason'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../token.ts')).revokeToken(call),
  });
}

function declareExport(program: Command, stage: Stage): void {
  const exporting = addGroup(program, 'export', 'writes generated files', ['ripcord export schema docs']);
  addCommand<object>(exporting, stage, {
    usage: 'schema <DIR>',
    args: { DIR: 'the folder, created if it does not exist' },
    summary: 'writes the JSON Schema of the plan',
    about: 'Writes DIR/ripcord.schema.json, with which editors complete and check a plan.',
    examples: [
      'ripcord export schema docs',
      '# yaml-language-server: $schema=docs/ripcord.schema.json   (in the plan)',
    ],
    options: [],
    run: async (call) => (await import('../export.ts')).exportSchema(call),
  });
  addCommand<object>(exporting, stage, {
    usage: 'checks <DIR>',
    args: { DIR: 'the folder, created if it does not exist' },
    summary: 'writes the page about the check catalogue',
    about: 'Writes DIR/checks.md: what each check reads, needs and leads to, and what to do about its faults.',
    examples: ['ripcord export checks docs'],
    options: [],
    run: async (call) => (await import('../export.ts')).exportChecks(call),
  });
}

function declareServe(program: Command, stage: Stage): void {
  addCommand<ServeOptions>(program, stage, {
    usage: 'serve',
    summary: 'runs the daemon: the guard itself',
    about: `Runs the guard: it samples, judges, recommends, and rolls back what was approved. It continues the run in its journal.
With several plans it runs a guard for each; if one cannot start, the daemon reports it and tries again every 30 s.
SIGTERM and SIGINT stop it after the current step; a second signal stops it at once.`,
    examples: [
      'ripcord serve --env production',
      'ripcord serve --plan orders.yaml@production --plan search.yaml',
      'ripcord serve --plans /etc/ripcord/plans --journal /var/lib/ripcord/journal.db',
      'ripcord serve --plan plans/remediation.yaml --listen 127.0.0.1:0 --journal /var/lib/ripcord/journal.db',
    ],
    options: [
      new Option(
        '--plan <file>',
        'a plan, as FILE or FILE@ENVIRONMENT; several times for several guards (default: ripcord.yaml)',
      ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]),
      new Option('--plans <dir>', 'a guard for each .yaml and .yml file in it'),
      new Option('--env <name>', 'the environment of the plans that name none'),
      new Option(
        '--journal <path>',
        'the journal of all guards (default: .ripcord/journal.db beside the plans, if they are in one folder)',
      ),
      new Option('--listen <host:port>', 'the address of the API and the metrics; port 0 means any free port').default(
        '127.0.0.1:7433',
      ),
      new Option('--log-level <level>', 'the lowest level to log').choices(levels).default('info'),
      new Option(
        '--clock-is-right',
        'confirms that the clock is right, although it is more than a day ahead of the journal and tokens would end',
      ),
    ],
    run: async (call) => {
      keepYoungGenerationSmall(); // must come before the daemon's code is loaded, which makes much garbage
      return (await import('../serve.ts')).serve(call);
    },
  });
}

/** Commands that need no running daemon, except the one that revokes a token. */
export function declareLocal(program: Command, stage: Stage): void {
  program.commandsGroup('Prepare:');
  declareLooks(program, stage);
  declareTokens(program, stage);
  declareExport(program, stage);
  declareServe(program, stage);
}

/** Commands that read the journal beside a running daemon, or without one. */
export function declareJournal(program: Command, stage: Stage): void {
  const journal = addGroup(program, 'journal', 'verifies or accepts the journal, from which all state is rebuilt', [
    'ripcord journal verify',
    'ripcord journal accept --reason "the newest journal is lost with its disk"',
  ]);
  addCommand<VerifyOptions>(journal, stage, {
    usage: 'verify',
    summary: 'recomputes every hash of the journal',
    about:
      'Recomputes the chain of every run, beside a running daemon or without one, and names the first fault of each.',
    examples: ['ripcord journal verify', 'ripcord journal verify --journal /var/lib/ripcord/journal.db --json'],
    options: [option.journal, option.plan, option.json],
    run: async (call) => (await import('../journal.ts')).verifyJournal(call),
  });
  addCommand<AcceptOptions>(journal, stage, {
    usage: 'accept',
    summary: 'accepts a journal that is refused because of its -head file',
    about: `Records in the journal that you accept it as it is, although its -head file cannot be read or names entries that are
missing. Keeps that file under another name. Stop the daemon first, and run this as the daemon's user. The guard will not
know what the missing entries said: check the target, revoke tokens again, and disarm the run.`,
    examples: ['ripcord journal accept --reason "the newest journal is lost with its disk"'],
    needs: ['reason'],
    options: [option.reason, option.journal, option.plan, option.json],
    run: async (call) => (await import('../journal.ts')).acceptAsItIs(call),
  });
  addCommand<ReplayOptions>(program, stage, {
    usage: 'replay [RUN]',
    args: { RUN: 'the run (default: the newest)' },
    summary: 'judges the recorded readings again, with other thresholds if you give them',
    about: `Judges the recorded readings of a run again, with the plan of that run or with the thresholds that you give. Shows what
Ripcord would have recommended for slowness, and when. Changes nothing, and needs no daemon.`,
    examples: [
      'ripcord replay',
      'ripcord replay run-20261122-020000 --slower-than 30% --false-alarms "1 per month"',
      'ripcord replay --ignore-stalls-under 3s --json',
      'ripcord replay --edited',
    ],
    options: [
      new Option('--slower-than <percentage>', 'instead of the plan’s: 30%'),
      new Option('--never-below <percentage>', 'instead of the plan’s: 20%'),
      new Option('--false-alarms <rate>', 'instead of the plan’s: 1 per month'),
      new Option('--ignore-stalls-under <duration>', 'instead of the plan’s: 3s'),
      new Option('--edited', 'with the plan file as it is now'),
      option.plan,
      option.environment,
      option.journal,
      option.json,
    ],
    run: async (call) => (await import('../replay.ts')).replayRun(call),
  });
}
