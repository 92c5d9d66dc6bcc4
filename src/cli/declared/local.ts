import { type Command, Option } from 'commander';

import { keepYoungGenerationSmall } from '../../daemon/young-generation.ts';
import type { JsonOption, PlanOptions } from '../call.ts';
import type { CheckOptions } from '../check.ts';
import type { DoctorOptions } from '../doctor.ts';
import type { InitOptions } from '../init.ts';
import type { VerifyOptions } from '../journal.ts';
import type { ReplayOptions } from '../replay.ts';
import type { ServeOptions } from '../serve.ts';
import type { CreateTokenOptions, RevokeTokenOptions } from '../token.ts';
import { addCommand, addGroup, option, runOptions, type Stage } from '../declare.ts';

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Commands that need no running daemon, but for the one that revokes a token. */
export function declareLocal(program: Command, stage: Stage): void {
  program.commandsGroup('Prepare:');
  addCommand<InitOptions>(program, stage, {
    usage: 'init',
    summary: 'writes a plan by looking at the database',
    about: `Looks at the database at DATABASE_URL and writes a plan for it: its tables, keys, roles and hot statements become
probes and criteria, and comments say what it could not see. A plan that is there is left alone.`,
    examples: ['DATABASE_URL=postgres://guard@db/app ripcord init', 'ripcord init --plan plans/remediation.yaml'],
    options: [option.plan],
    run: async (call) => (await import('../init.ts')).init(call),
  });
  addCommand<PlanOptions & JsonOption>(program, stage, {
    usage: 'validate',
    summary: 'names every fault of the plan at once',
    about: 'Reads the plan and names every fault in it at once, as FILE:LINE:COLUMN.',
    examples: ['ripcord validate', 'ripcord validate --plan plans/remediation.yaml --env production'],
    options: [option.plan, option.environment, option.json],
    run: async (call) => (await import('../validate.ts')).validate(call),
  });
  addCommand<DoctorOptions>(program, stage, {
    usage: 'doctor',
    summary: 'looks whether everything that a run depends on is there',
    about: `Looks whether the target and the probes can be reached, every permission is there, every check can look, every judge
can fail, and forward work could be stopped; says which grant is missing. Nothing is changed. Exits with 1 when
something is wrong, with 3 when the target cannot be reached.`,
    examples: ['ripcord doctor', 'ripcord doctor --env production --json'],
    options: [option.plan, option.environment, option.journal, option.json],
    run: async (call) => (await import('../doctor.ts')).doctor(call),
  });
  addCommand<CheckOptions>(program, stage, {
    usage: 'check',
    summary: 'asks the checks once',
    about: `Asks the checks of the plan and of the catalogue once, against the baseline of the newest run where there is one.
No daemon is needed. Exits with 1 when one is in breach, with 3 when one could not look.`,
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
  const token = addGroup(program, 'token', 'makes the tokens by which the guard knows who speaks', [
    'ripcord token create',
    'ripcord token revoke lena --reason "..."',
  ]);
  addCommand<CreateTokenOptions>(token, stage, {
    usage: 'create',
    summary: 'makes a token for a principal, and its hash for the plan',
    about: 'Makes a token for a person or a system, and the hash that the plan keeps of it. Nothing is stored.',
    examples: ['ripcord token create', 'ripcord token create --expires 90d', 'ripcord token create --json'],
    options: [option.expires, option.json],
    run: async (call) => (await import('../token.ts')).createToken(call),
  });
  addCommand<RevokeTokenOptions>(token, stage, {
    usage: 'revoke <PRINCIPAL>',
    args: { PRINCIPAL: 'whose token, by their id in the plan' },
    summary: 'ends a principal’s token at once',
    about: `Tells the daemon to refuse this token from now on, also after a restart and in later runs. Another token in the plan works.
What was approved or allowed with the old one stands: see what to take back with ripcord run status.`,
    examples: ['ripcord token revoke lena --reason "her laptop was stolen"'],
    needs: ['reason'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../token.ts')).revokeToken(call),
  });
  const exporting = addGroup(program, 'export', 'writes generated files', ['ripcord export schema docs']);
  addCommand<object>(exporting, stage, {
    usage: 'schema <DIR>',
    args: { DIR: 'the folder, made if it is not there' },
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
    args: { DIR: 'the folder, made if it is not there' },
    summary: 'writes the page about the check catalogue',
    about: 'Writes DIR/checks.md: what each check reads, needs and leads to, and what to do about its faults.',
    examples: ['ripcord export checks docs'],
    options: [],
    run: async (call) => (await import('../export.ts')).exportChecks(call),
  });
  addCommand<ServeOptions>(program, stage, {
    usage: 'serve',
    summary: 'runs the daemon: the guard itself',
    about: `Runs the guard: it samples, judges, recommends, and rolls back what was approved. It goes on with the run that
its journal holds. SIGTERM and SIGINT stop it after the step under way; a second one stops it at once.`,
    examples: [
      'ripcord serve --env production',
      'ripcord serve --plan plans/remediation.yaml --listen 127.0.0.1:0 --journal /var/lib/ripcord/journal.db',
    ],
    options: [
      option.plan,
      option.environment,
      option.journal,
      new Option('--listen <host:port>', 'where the API and the metrics answer; port 0 is any free one').default(
        '127.0.0.1:7433',
      ),
      new Option('--log-level <level>', 'the least that is logged').choices(levels).default('info'),
    ],
    run: async (call) => {
      keepYoungGenerationSmall(); // before what it runs is loaded, which makes much garbage
      return (await import('../serve.ts')).serve(call);
    },
  });
}

/** The journal is read beside a running daemon, or without one. */
export function declareJournal(program: Command, stage: Stage): void {
  const journal = addGroup(program, 'journal', 'looks at the record that all state is rebuilt from', [
    'ripcord journal verify',
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
  addCommand<ReplayOptions>(program, stage, {
    usage: 'replay [RUN]',
    args: { RUN: 'the run (default: the newest)' },
    summary: 'what other thresholds would have made of the recorded readings',
    about: `Judges the recorded readings of a run again, under the plan as it is now or under the thresholds given, and says
what would have been recommended for slowness, and when. Nothing is changed, and no daemon is needed.`,
    examples: [
      'ripcord replay',
      'ripcord replay run-20261122-020000 --slower-than 30% --false-alarms "1 per month"',
      'ripcord replay --ignore-stalls-under 3s --json',
    ],
    options: [
      new Option('--slower-than <percentage>', 'instead of the plan’s: 30%'),
      new Option('--never-below <percentage>', 'instead of the plan’s: 20%'),
      new Option('--false-alarms <rate>', 'instead of the plan’s: 1 per month'),
      new Option('--ignore-stalls-under <duration>', 'instead of the plan’s: 3s'),
      option.plan,
      option.environment,
      option.journal,
      option.json,
    ],
    run: async (call) => (await import('../replay.ts')).replayRun(call),
  });
}
