import type { Fault, Finding } from '../core/evidence/finding.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import { attemptTags } from '../core/run/phase-tags.ts';
import type { RunState } from '../core/run/state.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import { cancelPhaseStatement } from '../target/sessions.ts';

export interface CancelParts {
  readonly plan: Plan;
  readonly role: string | undefined;
  readonly connections: Pick<GuardedTarget, 'control' | 'identity' | 'isOnlyGuard'>;
  readonly conductor: Pick<Conductor, 'state' | 'submit'>;
}

type Outcome = { readonly outcome: 'cancelled' | 'gone' | 'failed'; readonly said?: string };

const tagsOf = (state: RunState | undefined, phase: PhaseId): readonly string[] =>
  (state?.phases ?? []).filter((one) => one.phase === phase).flatMap((one) => (state ? attemptTags(state, one) : []));

async function cancel({ connections, role, conductor }: CancelParts, phase: PhaseId, pid: number): Promise<Outcome> {
  if ((await connections.isOnlyGuard()) !== 'yes') return { outcome: 'failed', said: 'this may not be the only guard' };
  const applicationNames = tagsOf(conductor.state(), phase);
  const { database } = connections.identity;
  const of = { database, applicationNames, ...(role !== undefined && { role }) };
  try {
    return { outcome: (await cancelPhaseStatement(connections.control, of, pid)) ? 'cancelled' : 'gone' };
  } catch (error) {
    return { outcome: 'failed', said: sayError(error) };
  }
}

/**
 * Receives every finding. If other sessions queue behind a statement of the running phase, and the plan and the run allow
 * it, cancels that statement. Records intent and outcome in the journal, where the rest of the daemon reads them. Resolves
 * when the outcome is recorded. A refusal is a normal answer and does not reject.
 */
export function phaseCanceller(parts: CancelParts): (finding: Finding) => Promise<void> {
  const { plan, conductor } = parts;
  const tuned = plan.catalogue['lock-queue'];
  const mayCancel = tuned !== 'off' && tuned.cancel_phase;
  const answer = async (fault: Fault): Promise<void> => {
    const decision = await conductor.submit({ kind: 'phase-cancel', fault });
    const events = 'events' in decision ? decision.events : [];
    const intent = events.find(({ type }) => type === 'phase-cancel-started');
    if (intent?.type !== 'phase-cancel-started') return;
    const { phase, pid } = intent;
    await conductor.submit({ kind: 'phase-cancelled', phase, ...(await cancel(parts, phase, pid)) });
  };
  let underWay = false;
  return async ({ check, faults }) => {
    const fault = faults?.find(({ causedBy }) => causedBy?.ofPhase === true);
    if (!mayCancel || check !== 'lock-queue' || fault === undefined || underWay) return;
    underWay = true;
    await answer(fault).finally(() => (underWay = false));
  };
}
