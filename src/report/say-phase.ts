import { sayDuration } from '../core/kernel/duration.ts';
import type { PhaseEvent } from '../core/run/events.ts';
import { and } from './wording.ts';

/** `0.305` as `30.5 %`. */
export const sayShare = (fraction: number): string => `${Number((fraction * 100).toFixed(1))} %`;

type Started = Extract<PhaseEvent, { type: 'phase-started' }>;

function sayStarted({ by, phase, attempt, estimate, troubled }: Started): string {
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const trouble = troubled.map((key) => key.split(':').join(' of '));
  const before = trouble.length === 0 ? '' : `; not well before it started: ${and(trouble)}`;
  return `${by} started phase ${phase}${again} (estimated at ${sayDuration(estimate)})${before}`;
}

type Cancelled = Extract<PhaseEvent, { type: 'phase-cancel-done' }>;

function sayCancelled({ phase, pid, outcome, said }: Cancelled): string {
  switch (outcome) {
    case 'cancelled':
      return `The guard cancelled the statement of phase ${phase} in session ${pid}`;
    case 'gone':
      return `Session ${pid} of phase ${phase} was no longer waiting: the guard cancelled nothing`;
    case 'failed':
      return `The guard could not cancel the statement of phase ${phase} in session ${pid}: ${said ?? 'the reason is unknown'}`;
    case 'unknown':
      return `Unknown whether the statement of phase ${phase} in session ${pid} was cancelled: the guard was restarted`;
  }
}

/** Describes the course of a phase. */
export function sayPhase(event: PhaseEvent): string {
  const { phase } = event;
  switch (event.type) {
    case 'phase-started':
      return sayStarted(event);
    case 'phase-spawned':
      return `Phase ${phase} runs as process ${event.child.pid}`;
    case 'phase-progressed':
      return `Phase ${phase} is ${sayShare(event.fraction)} done`;
    case 'phase-finished':
      return `Phase ${phase} finished`;
    case 'phase-failed': {
      const code = event.exitCode === null ? 'without an exit code' : `with exit code ${event.exitCode}`;
      return `Phase ${phase} ended ${code}: ${event.because}`;
    }
    case 'phase-lost':
      return `Phase ${phase} sent no heartbeat within its lease: unknown how far it got`;
    case 'phase-undone':
      return `Phase ${phase} is undone`;
    case 'phase-cancel-started':
      return `The guard is cancelling the statement of phase ${phase} in session ${event.pid}: ${event.object} ${event.what}`;
    case 'phase-cancel-done':
      return sayCancelled(event);
  }
}
