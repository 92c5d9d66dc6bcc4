import { sayCondition } from '../plan/conditions.ts';
import type { Step } from './step.ts';

/** What a step does, in one line. `fill` puts in what the placeholders stand for. */
export function sayStep(step: Step, fill = (written: string): string => written): string {
  switch (step.kind) {
    case 'command': {
      const words = step.command.map(fill).join(' ');
      return step.directory === undefined ? words : `${words} (in ${fill(step.directory)})`;
    }
    case 'sql':
      return fill(step.sql);
    case 'http':
      return `${step.http.method} ${fill(step.http.url)}`;
    case 'wait':
      return `waits until ${sayCondition(step.wait, fill)}`;
    case 'confirm':
      return `asks a person: ${step.confirm}`;
    case 'verify':
      return step.phase === undefined
        ? 'asks every verification query, and compares with the boundary of the first phase'
        : 'compares the database with the phase’s boundary';
    case 'restore':
      return 'asks a person to restore the latest proved backup by hand';
  }
}

/** What a person is asked where the step is theirs to take. */
export const restoreQuestion =
  'Ripcord restores no backups itself yet: restore the latest backup that was proved by hand, then say --done.';
