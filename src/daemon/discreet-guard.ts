import type { Guard } from '../api/guard.ts';
import type { Hide } from '../core/kernel/hide-document.ts';

/** Members that return only the plan's own names and numbers, or that the routes use to decide. */
const asItIs = [
  'name',
  'rightsOf',
  'owns',
  'principalOf',
  'current',
  'state',
  'showMetrics',
  'now',
  'captureFor',
] as const;

type Act = (...args: readonly unknown[]) => unknown;

/** Redacts secrets in every answer that leaves the guard, including answers of members that are added later. */
export function discreetGuard(guard: Guard, hide: Hide): Guard {
  const hiding = (act: Act): Act => {
    return (...args) => {
      const answer = act(...args);
      return answer instanceof Promise ? answer.then(hide) : hide(answer);
    };
  };
  const acts = Object.entries(guard) as [string, Act][];
  const hidden = acts
    .filter(([name]) => !asItIs.some((one) => one === name))
    .map(([name, act]): [string, Act] => [name, hiding(act)]);
  return {
    ...guard,
    ...Object.fromEntries(hidden),
    follow: (listener, signal) => guard.follow((entries) => listener(hide(entries)), signal),
  };
}
