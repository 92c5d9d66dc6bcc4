import type { Request, Response } from 'express';

import { refuse } from '../core/authority/refusal.ts';
import type { Principal, Right } from '../core/authority/roles.ts';
import { type RunId, runId } from '../core/kernel/ids.ts';
import { closedRun } from '../core/run/decide.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Fleet, Member, NamedAbsentGuard } from './fleet.ts';
import type { Guard } from './guard.ts';
import { Refused } from './problem.ts';

/** Who may call a route: every principal whatever their rights, or those whose role has one of these rights. */
export type Access = 'principals' | readonly Right[];

/** A call about one guard: the owner of the run in the path, the guard that the query names, or the only guard. */
export interface Call {
  readonly guard: Guard;
  readonly by: Principal;
  /** Whether the caller's token is still valid. A streaming answer checks this before each part. */
  readonly stillMay: () => boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly header: (name: string) => string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A response that stays open until one side closes it. */
export interface Stream {
  readonly stream: (request: Request, response: Response) => Promise<void>;
}

export type Route = { readonly method: 'get' | 'post'; readonly path: string } & (
  | { readonly access: 'anyone'; readonly show: (fleet: Fleet) => Promise<Answer> }
  /** A call about every guard whose plan gives the caller the right. */
  | {
      readonly access: Access;
      readonly list: (members: readonly Member[], absent: readonly NamedAbsentGuard[]) => Promise<Answer>;
    }
  | { readonly access: Access; readonly handle: (call: Call) => Promise<Answer | Stream> }
);

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
});

/** `current` means the open run, or else the newest. */
export function runOf({ guard, params }: Pick<Call, 'guard' | 'params'>): RunId {
  const current = guard.current()?.run;
  if (params.id === undefined || params.id === 'current') {
    if (current !== undefined) return current;
    throw new Refused(refuse('unknown-run', 'there is no run', 'a run', 'Open one: ripcord run open'));
  }
  return runId(params.id);
}

export async function view(call: Call, run = runOf(call), status = 200): Promise<Answer> {
  const found = await call.guard.view(run);
  if (found === undefined) throw new Refused(unknownRun(run));
  return json(found, status);
}

export const unknownRun = (run: RunId) =>
  refuse(
    'unknown-run',
    `there is no run ${run} that your token knows`,
    'a run of a guard whose plan has your token',
    'List them: GET /api/v1/runs',
  );

export function accepted(decision: Decision): void {
  if ('refused' in decision) throw new Refused(decision.refused);
}

/**
 * Only the newest run can change. The run's id goes with the input, because a newer run may exist when the input is
 * processed.
 */
export async function mustBeCurrent(call: Call): Promise<RunId> {
  const run = runOf(call);
  if (run === call.guard.current()?.run) return run;
  if ((await call.guard.view(run)) === undefined) throw new Refused(unknownRun(run));
  throw new Refused(closedRun(run));
}
