import type { RunView } from '../../core/run/view.ts';

type Command = readonly [command: string, does: string];

const close: Command = ['ripcord run close --reason "..."', 'end the run'];
const abort: Command = ['ripcord abort --reason "..."', 'end the rollback before its next step'];
const phase = (id: string, does: string): Command => [`ripcord phase ${id} -- COMMAND ...`, does];

function ofOpen(view: RunView): readonly Command[] {
  const { held, capture, baseline, phases } = view;
  if (held !== undefined) return [['ripcord run resume', 'let phases start again']];
  if (capture !== undefined) return [];
  if (baseline === undefined) return [['ripcord baseline capture', 'read what is normal, before the first phase']];
  if (phases.some(({ state }) => state === 'running')) {
    return [['ripcord run hold --reason "..."', 'let no further phase start']];
  }
  const again = phases.find(({ state }) => state === 'failed' || state === 'unknown');
  if (again !== undefined) return [phase(again.phase, 'run it again, once you know what it has done')];
  const next = phases.find(({ state }) => state === 'not-started' || state === 'undone');
  return next === undefined ? [close] : [phase(next.phase, 'run the next phase under guard')];
}

/** What one would type next; answers to questions stand beside the questions. */
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
      return view.rollback?.aborting === undefined ? [abort] : [];
    case 'blocked':
    case 'recommending':
      return [];
  }
}
