import { count } from '../kernel/count.ts';
import { sayDuration } from '../kernel/duration.ts';
import { sayCondition } from '../plan/conditions.ts';
import type { Retry } from '../plan/retry.ts';
import type { Step } from './step.ts';

/** Describes a step in one line. `fill` substitutes the placeholders. */
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
        ? 'runs every verification query, and compares with the boundary of the first phase'
        : 'compares the database with the phase’s boundary';
    case 'restore':
      return 'asks a person to restore the latest proved backup by hand';
  }
}

/** What a started step may be doing: the journal does not show when it has ended and only its proof is pending. */
export const sayWork = (step: Step): string =>
  step.proof === undefined ? sayStep(step) : `${sayStep(step)}; then awaits its proof: ${sayCondition(step.proof)}`;

const sayRetry = ({ times, first, on }: Retry): string =>
  `tried again up to ${count(times, 'time')}, first after ${sayDuration(first)}, when: ${on.join(', ')}`;

/** What else the step receives or does, one line each. */
export function stepDetails(step: Step, fill = (written: string): string => written): readonly string[] {
  const retried = step.retry === undefined ? [] : [sayRetry(step.retry)];
  switch (step.kind) {
    case 'command':
      return [...Object.entries(step.env ?? {}).map(([name, value]) => `with ${name}=${fill(value)}`), ...retried];
    case 'sql':
      return [...(step.transaction === false ? ['alone, outside a transaction'] : []), ...retried];
    case 'http': {
      const { headers, body, expect } = step.http;
      const sent = typeof body === 'string' ? body : JSON.stringify(body);
      return [
        ...Object.entries(headers).map(([name, value]) => `with ${name}: ${fill(value)}`),
        ...(body === undefined ? [] : [`sends ${fill(sent)}`]),
        ...(expect.status === undefined ? [] : [`done when it answers ${expect.status}`]),
        ...retried,
      ];
    }
    case 'wait':
    case 'confirm':
    case 'verify':
    case 'restore':
      return retried;
  }
}

/** The question to a person when the restore is theirs to do. */
export const restoreQuestion =
  'Ripcord does not restore backups itself yet. Restore the latest proved backup by hand, then say --done.';
