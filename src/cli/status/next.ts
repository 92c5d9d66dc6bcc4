import type { RunView } from '../../core/run/view.ts';
import { resumeOf } from './holds.ts';

type Command = readonly [command: string, does: string];

const close: Command = ['ripcord run close --reason "..."', 'end the run'];
const abort = (id: string): Command => [`ripcord abort ${id} --reason "..."`, 'end the rollback before its next step'];
const phase = (id: string, does: string): Command => [`ripcord phase ${id} -- COMMAND ...`, does];

function ofOpen(view: RunView): readonly Command[] {
  const { held, capture, baseline, phases } = view;
  if (held !== undefined) return [[resumeOf(held), 'let phases start again']];
  if (capture !== undefined) return [];
  if (baseline === undefined) return [['ripcord baseline capture', 'measure what is normal, before the first phase']];
  if (phases.some(({ state }) => state === 'running')) {
    return [['ripcord run hold --reason "..."', 'stop further phases from starting']];
  }
  const again = phases.find(({ state }) => state === 'failed' || state === 'unknown');
  if (again !== undefined) return [phase(again.phase, 'run it again, once you know what it did')];
  const next = phases.find(({ state }) => state === 'not-started' || state === 'undone');
  return next === undefined ? [close] : [phase(next.phase, 'run the next phase under the guard')];
}

/** The commands to type next. Answers to questions are shown beside the questions. */
export function nextCommands(view: RunView): readonly Command[] {
  switch (view.stage) {
    case 'open':
    case 'held':
      return ofOpen(view);
    case 'settled':
      return [[`ripcord report ${view.run}`, 'what happened, and what was proved'], close];
    case 'watching':
    case 'closed':
      return [[`ripcord report ${view.run}`, 'what happened, and what was proved']];
    case 'rolling-back':
      return view.rollback === undefined || view.rollback.aborting !== undefined ? [] : [abort(view.rollback.id)];
    case 'blocked':
    case 'recommending':
      return [];
  }
}
