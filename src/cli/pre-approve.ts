import type { Call, PlanReadOptions, RunOptions } from './call.ts';
import { authorise } from './plan-read.ts';
import { sayPreApproved } from './sentences.ts';

/** Activates a pre-approval that the plan proposes. */
export const preApprove = (call: Call<RunOptions & PlanReadOptions>) => {
  const [id = ''] = call.args;
  const order = { path: 'pre-approve', command: `ripcord pre-approve ${id}`, body: { pre_approval: id } };
  return authorise(call, order, (view) => sayPreApproved(view, id));
};
