import { type Command, Option } from 'commander';

import type { AnswerOptions } from '../answer.ts';
import type { RunOptions } from '../call.ts';
import type { ConfirmOptions } from '../confirm.ts';
import type { AbortOptions, RollbackOptions } from '../rollback.ts';
import type { WaiveOptions } from '../waive.ts';
import { addCommand, option, runOptions, type Stage } from '../declare.ts';

const rec = { REC: 'the recommendation (default: the one that is open)' };

function declareAnswers(program: Command, stage: Stage): void {
  addCommand<AnswerOptions>(program, stage, {
    usage: 'approve [REC]',
    args: { REC: 'the recommendation (default: the one that is open, but never a restore)' },
    summary: 'says yes to a recommendation: it is rolled back',
    about: 'Approves what a recommendation proposes: the rollback begins. Look first: ripcord run status',
    examples: [
      'ripcord approve --reason "search is too slow to open in the morning"',
      'ripcord approve run-20261122-020000-r1 --reason "orphans in prediction" --even-if-gone',
    ],
    needs: ['reason'],
    options: [
      option.reason,
      new Option('--even-if-gone', 'roll back although the breach is no longer seen'),
      ...runOptions,
    ],
    run: async (call) => (await import('../answer.ts')).approve(call),
  });
  addCommand<AnswerOptions>(program, stage, {
    usage: 'decline [REC]',
    args: rec,
    summary: 'says no to a recommendation',
    about: 'Declines a recommendation: nothing is rolled back, and phases may start again.',
    examples: ['ripcord decline --reason "a report runs until 03:00, the change is not the cause"'],
    needs: ['reason'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../answer.ts')).decline(call),
  });
  addCommand<RunOptions>(program, stage, {
    usage: 'acknowledge [REC]',
    args: rec,
    summary: 'tells the others that you are on it',
    about: 'Records that you have seen a recommendation. It still waits for its answer.',
    examples: ['ripcord acknowledge'],
    options: [...runOptions],
    run: async (call) => (await import('../answer.ts')).acknowledge(call),
  });
}

/** Commands with which people decide. */
export function declareDeciding(program: Command, stage: Stage): void {
  program.commandsGroup('Decide:');
  declareAnswers(program, stage);
  addCommand<RollbackOptions>(program, stage, {
    usage: 'rollback',
    summary: 'orders a rollback that nobody recommended, or shows what it would do',
    about: `Undoes the phase that was started last, or with --phase that one and those after it, by the plan's scripts, or
with --restore the whole database from its backup, as the plan's environment says: at any time, also when every light is
green and the run was never armed. Look first: ripcord rollback --dry-run`,
    examples: [
      'ripcord rollback --dry-run',
      'ripcord rollback --reason "the new names break the export"',
      'ripcord rollback --phase schema-standardization --reason "..."',
      'ripcord rollback --restore --dry-run',
    ],
    options: [
      new Option('--phase <id>', 'this phase, and those that came after it'),
      new Option('--restore', 'the whole database from its backup, by the steps of the environment’s restore'),
      new Option('--dry-run', 'only says what would be done, what would be lost and how long it should take'),
      option.reason,
      ...runOptions,
    ],
    run: async (call) => (await import('../rollback.ts')).rollback(call),
  });
  addCommand<AbortOptions>(program, stage, {
    usage: 'abort',
    summary: 'ends the rollback under way before its next step',
    about: `The step under way comes to its end, and no other begins. What is undone stays undone; the run is held, until a
person has looked.`,
    examples: ['ripcord abort --reason "the undo makes it worse"'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../rollback.ts')).abort(call),
  });
  addCommand<ConfirmOptions>(program, stage, {
    usage: 'confirm <STEP>',
    args: { STEP: 'the step that asks, or stop-work (--again only)' },
    summary: 'answers the question of a rollback step',
    about: 'Answers what a step of the rollback asks. Look in the database first.',
    examples: [
      'ripcord confirm schema-standardization/undo --done --reason "all tables have their old names"',
      'ripcord confirm schema-standardization/undo --again --reason "nothing was renamed yet"',
    ],
    options: [
      new Option('--done', 'it is done: go on'),
      new Option('--again', 'it may run once more'),
      option.reason,
      ...runOptions,
    ],
    run: async (call) => (await import('../confirm.ts')).confirm(call),
  });
  addCommand<RunOptions>(program, stage, {
    usage: 'pre-approve <ID>',
    args: { ID: 'a pre-approval that the plan proposes' },
    summary: 'allows in advance what the plan proposes',
    about:
      'Activates a pre-approval that the plan proposes: while the run is armed, the guard acts on it without asking.',
    examples: ['ripcord pre-approve undo-lockdown-at-night'],
    options: [...runOptions],
    run: async (call) => (await import('../pre-approve.ts')).preApprove(call),
  });
  addCommand<WaiveOptions>(program, stage, {
    usage: 'waive <REQUIREMENT>',
    args: { REQUIREMENT: 'rehearsal, proved-backups, fence, or an acknowledgement of the plan' },
    summary: 'answers for a requirement that nothing has proved',
    about: 'Records that you answer for a requirement of arming that nothing has proved.',
    examples: ['ripcord waive rehearsal --reason "rehearsed by hand on Tuesday"'],
    needs: ['reason'],
    options: [option.reason, ...runOptions],
    run: async (call) => (await import('../waive.ts')).waive(call),
  });
}
