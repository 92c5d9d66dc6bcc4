import { type Command, Option } from 'commander';

import type { AnswerOptions } from '../answer.ts';
import type { PlanReadOptions, QuestionOption, RunOptions } from '../call.ts';
import type { ConfirmOptions } from '../confirm.ts';
import type { AbortOptions, RollbackOptions } from '../rollback.ts';
import type { WaiveOptions } from '../waive.ts';
import { addCommand, forPlan, option, boundOptions, runOptions, type Stage } from '../declare.ts';

const rec = { REC: 'the recommendation (default: the open one)' };

const joins = `If new evidence has joined it since it was raised, you must name the question with --question, so that you answer only what
you have read.`;

function declareAnswers(program: Command, stage: Stage): void {
  addCommand<AnswerOptions>(program, stage, {
    usage: 'approve [REC]',
    args: { REC: 'the recommendation (default: the open one, but never a restore)' },
    summary: 'approves a recommendation: the rollback starts',
    about: `Approves what a recommendation proposes: the rollback starts. Look first: ripcord run status
${joins}`,
    examples: [
      'ripcord approve --reason "search is too slow to open in the morning"',
      'ripcord approve run-20261122-020000-r1 --reason "orphans in prediction" --even-if-gone',
    ],
    needs: ['reason'],
    options: [
      option.question,
      option.reason,
      new Option('--even-if-gone', 'roll back even if the guard no longer sees the breach'),
      ...runOptions,
    ],
    run: async (call) => (await import('../answer.ts')).approve(call),
  });
  addCommand<AnswerOptions>(program, stage, {
    usage: 'decline [REC]',
    args: rec,
    summary: 'declines a recommendation: nothing is rolled back',
    about: `Declines a recommendation: nothing is rolled back, and phases may start again.
${joins}`,
    examples: [
      'ripcord decline --reason "a report runs until 03:00, the change is not the cause"',
      'ripcord decline run-20261122-020000-r1 --question 57 --reason "a report runs until 03:00"',
    ],
    needs: ['reason'],
    options: [option.question, option.reason, ...runOptions],
    run: async (call) => (await import('../answer.ts')).decline(call),
  });
  addCommand<RunOptions & QuestionOption>(program, stage, {
    usage: 'acknowledge [REC]',
    args: rec,
    summary: 'tells the others that you are on it',
    about: 'Records that you have seen a recommendation. It still needs an answer.',
    examples: ['ripcord acknowledge'],
    options: [option.question, ...runOptions],
    run: async (call) => (await import('../answer.ts')).acknowledge(call),
  });
}

function declareRollback(program: Command, stage: Stage): void {
  addCommand<RollbackOptions>(program, stage, {
    usage: 'rollback',
    summary: 'orders a rollback that nobody recommended, or shows what it would do',
    about: `Undoes the phase that was started last, with the plan's scripts. With --phase it undoes that phase and those after it; with
--restore it restores the whole database from its backup, as the plan's environment says. You can order this at any time, even
if every check is well and the run was never armed. Look first: ripcord rollback --dry-run
--revision names what there was to undo when you looked. Without it, the command sends the order only if that cannot have
changed.`,
    examples: [
      'ripcord rollback --dry-run',
      'ripcord rollback --revision 41 --reason "the new names break the export"',
      'ripcord rollback --phase schema-standardization --reason "..."',
      'ripcord rollback --restore --dry-run',
    ],
    options: [
      new Option('--phase <id>', 'this phase and those after it'),
      new Option('--restore', 'the whole database from its backup, with the environment’s restore steps'),
      new Option('--dry-run', 'only shows what would be done, what would be lost and how long it should take'),
      option.revision,
      option.reason,
      ...boundOptions,
    ],
    run: async (call) => (await import('../rollback.ts')).rollback(call),
  });
  addCommand<AbortOptions>(program, stage, {
    usage: 'abort [ROLLBACK]',
    args: { ROLLBACK: 'the rollback that you have read (default: the only one in this run)' },
    summary: 'ends the running rollback before its next step',
    about: `The current step runs to its end, and no other step starts. What is undone stays undone. The run is held until a person
resumes it.`,
    examples: [
      'ripcord abort --reason "the undo makes it worse"',
      'ripcord abort run-20261122-020000-r2-rollback --reason "the undo makes it worse"',
    ],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../rollback.ts')).abort(call),
  });
  addCommand<ConfirmOptions>(program, stage, {
    usage: 'confirm <STEP>',
    args: { STEP: 'the step that asks, stop-work (--again only), or target (--done only)' },
    summary: 'answers the question of a rollback step',
    about: `Answers the question of a rollback step. \`target\` confirms that the target is right after a failover, or after another
database replaced it. Look at the database first.
If a step asks again, you must name the question with --question, so that you answer only what you have read.`,
    examples: [
      'ripcord confirm schema-standardization/undo --done --reason "all tables have their old names"',
      'ripcord confirm schema-standardization/undo --again --question 63 --reason "nothing was renamed yet"',
      'ripcord confirm target --done --reason "the standby had everything"',
    ],
    options: [
      new Option('--done', 'it is done: continue'),
      new Option('--again', 'run it again'),
      option.question,
      option.reason,
      ...runOptions,
    ],
    run: async (call) => (await import('../confirm.ts')).confirm(call),
  });
}

function declareAllowing(program: Command, stage: Stage): void {
  addCommand<RunOptions & PlanReadOptions>(program, stage, {
    usage: 'pre-approve <ID>',
    args: { ID: 'a pre-approval that the plan proposes' },
    summary: 'allows in advance what the plan proposes',
    about: `Activates a pre-approval that the plan proposes. While the run is armed, the guard acts on it without asking.
${forPlan}`,
    examples: ['ripcord pre-approve undo-lockdown-at-night'],
    options: [...boundOptions],
    run: async (call) => (await import('../pre-approve.ts')).preApprove(call),
  });
  addCommand<WaiveOptions>(program, stage, {
    usage: 'waive <REQUIREMENT>',
    args: { REQUIREMENT: 'rehearsal, proved-backups, fence, or an acknowledgement of the plan' },
    summary: 'waives a requirement that nothing has proved',
    about: `Records that you take responsibility for a requirement of arming that nothing has proved.
${forPlan}`,
    examples: ['ripcord waive rehearsal --reason "rehearsed by hand on Tuesday"'],
    needs: ['reason'],
    options: [option.reason, ...boundOptions],
    run: async (call) => (await import('../waive.ts')).waive(call),
  });
}

/** Commands with which people decide. */
export function declareDeciding(program: Command, stage: Stage): void {
  program.commandsGroup('Decide:');
  declareAnswers(program, stage);
  declareRollback(program, stage);
  declareAllowing(program, stage);
}
