import type { Guard } from '../api/guard.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import type { Hide } from '../core/kernel/hide-document.ts';

/** Members that return only the plan's own names and numbers, or that the routes use to decide. */
const asItIs = [
  'name',
  'rightsOf',
  'owns',
  'principalOf',
  'excuseSilence',
  'current',
  'state',
  'showMetrics',
  'now',
  'captureFor',
] as const;

type Act = (...args: readonly unknown[]) => unknown;

/** A copy of the error without secrets, of the same class. The API shows nothing of an unexpected error. */
function hiddenError(error: unknown, hide: Hide): unknown {
  if (!(error instanceof RipcordError)) return error;
  const { found, wanted, todo, message, stack } = error;
  const texts = hide({ found, wanted, todo, message, stack });
  const copy: unknown = Object.create(Object.getPrototypeOf(error) as object, Object.getOwnPropertyDescriptors(error));
  return Object.assign(copy as RipcordError, texts, { cause: undefined });
}

/** Does the same as `act`, and redacts what it returns by `hide`, and what it throws by `hideError`. */
function hiding(act: Act, hide: Hide, hideError: Hide): Act {
  const fail = (error: unknown): never => {
    throw hiddenError(error, hideError);
  };
  return (...args) => {
    let answer: unknown;
    try {
      answer = act(...args);
    } catch (error) {
      return fail(error);
    }
    return answer instanceof Promise ? answer.then(hide, fail) : hide(answer);
  };
}

const asGiven: Hide = (value) => value;

/** Redacts secrets in every answer and error that leaves the guard, including those of members that are added later. */
export function discreetGuard(guard: Guard, hide: Hide): Guard {
  const hidden = Object.entries(guard)
    .filter((member): member is [string, Act] => typeof member[1] === 'function')
    .map(([name, act]): [string, Act] => [
      name,
      hiding(act, asItIs.some((one) => one === name) ? asGiven : hide, hide),
    ]);
  return {
    ...guard,
    ...Object.fromEntries(hidden),
    follow: (listener, signal) => guard.follow((entries) => listener(hide(entries)), signal),
  };
}
