import { act } from './act.ts';
import type { Call, RunOptions } from './call.ts';
import { sayPreApproved } from './sentences.ts';

/** Activates what the plan only proposes. */
export const preApprove = (call: Call<RunOptions>) => {
  const [id = ''] = call.args;
  return act(call, 'pre-approve', { pre_approval: id }, (view) => sayPreApproved(view, id));
};
