import type { Call, PlanReadOptions, RunOptions } from './call.ts';
import { authorise } from './plan-read.ts';
import { sayWaived } from './sentences.ts';

export type WaiveOptions = RunOptions & PlanReadOptions & { readonly reason: string };

/** A person takes responsibility for an unproved requirement. */
export const waive = (call: Call<WaiveOptions>) => {
  const [requirement = ''] = call.args;
  const command = `ripcord waive ${requirement} --reason "..."`;
  return authorise(call, { path: 'waive', command, body: { requirement, reason: call.options.reason } }, sayWaived);
};
