import { provesNothingDone, type Retry } from './retry.ts';

/** Combinations in a step that are valid YAML but would not do what they say. */

interface Written {
  readonly repeatable: boolean;
  readonly tier?: number | undefined;
  readonly proof?: unknown;
  readonly retry?: Retry | undefined;
  readonly command?: unknown;
  readonly sql?: string;
  readonly transaction?: boolean | undefined;
  readonly http?: { readonly method: string };
}

export interface Misuse {
  readonly path: readonly (string | number)[];
  readonly wanted: string;
}

/**
 * Words by which a text may leave partial work although it fails later: transaction control, a procedure that commits, a
 * half-built index, work table by table. Matches without grammar: a match in quoted text only costs the retries, never safety.
 */
export const mayDoPart = (sql: string): boolean =>
  /\b(commit|rollback|abort|call|concurrently|prepare|reindex|vacuum|cluster)\b|\bdblink|;\s*end\b/i.test(sql);

/** RFC 9110, 9.2.2: sending an idempotent request several times has the effect of sending it once. */
export const isIdempotent = (method: string): boolean => method !== 'POST';

/** Whether the step may run again if it is unknown whether it was done: the plan says so, or its request is idempotent. */
export const mayRunAgain = (step: {
  readonly repeatable?: boolean | undefined;
  readonly http?: { readonly method: string } | undefined;
}): boolean => step.repeatable === true || (step.http !== undefined && isIdempotent(step.http.method));

/** Steps that need no proof, and why. */
const unproved: Readonly<Record<string, string>> = {
  confirm: 'a person’s word ends this step',
  restore: 'a person’s word ends this step',
  verify: 'this step is a proof itself',
};

function needless(step: Written): readonly Misuse[] {
  const why = Object.entries(unproved).find(([kind]) => kind in step)?.[1];
  const keys = why === undefined ? [] : (['proof', 'tier', 'retry'] as const);
  const misuses = keys.map((key) => ({ path: [key], wanted: `wanted no ${key}: ${why}` }));
  const waits = { path: ['retry'], wanted: 'wanted no retry: a wait step tests its condition until its timeout' };
  return [...misuses, ...('wait' in step ? [waits] : [])].filter(({ path: [key] }) => Object.hasOwn(step, String(key)));
}

type Kind = 'command' | 'sql' | 'http';

const causesOf: Readonly<Record<Kind, RegExp>> = {
  command: /^(?:exit \d+|timeout)$/,
  sql: /^(?:timeout|connection-refused|[0-9A-Z]{5})$/,
  http: /^(?:timeout|connection-refused|status \d{3})$/,
};
const sayCauses: Readonly<Record<Kind, string>> = {
  command: 'exit N or timeout: it is a command that may fail',
  sql: 'an SQLSTATE, timeout or connection-refused: it is a statement that may fail',
  http: 'status N, timeout or connection-refused: it is a request that may fail',
};

/** Whether a failure with this cause proves that nothing was done. Statements that commit on the way may be partly done. */
function leavesNothing(step: Written, cause: string): boolean {
  if (cause === 'connection-refused') return true;
  const whole = step.sql !== undefined && step.transaction !== false && !mayDoPart(step.sql);
  return whole && provesNothingDone(cause);
}

function unsafeRetries(step: Written): readonly Misuse[] {
  const kind = (['command', 'sql', 'http'] as const).find((one) => one in step);
  if (kind === undefined || step.retry === undefined) return [];
  return step.retry.on.flatMap((cause, index): readonly Misuse[] => {
    const path = ['retry', 'on', index];
    if (!causesOf[kind].test(cause)) return [{ path, wanted: `wanted ${sayCauses[kind]}` }];
    if (mayRunAgain(step) || leavesNothing(step, cause)) return [];
    return [{ path, wanted: 'wanted a cause which proves that nothing was done, or a repeatable step' }];
  });
}

export function misuses(step: Written): readonly Misuse[] {
  const unprovedTier = step.tier !== undefined && step.proof === undefined && needless(step).length === 0;
  return [
    ...needless(step),
    ...(unprovedTier
      ? [{ path: ['proof'], wanted: 'wanted one: a tier waits until the one before is proved healthy' }]
      : []),
    ...unsafeRetries(step),
  ];
}

/** Positions of steps whose tier is lower than an earlier one. */
export function tiersGoingDown(steps: readonly { readonly tier?: number | undefined }[]): readonly number[] {
  let highest = 0;
  return steps.flatMap(({ tier = highest }, index) => {
    const down = tier < highest;
    highest = Math.max(highest, tier);
    return down ? [index] : [];
  });
}
