import { act } from './act.ts';
import type { Call, RunOptions } from './call.ts';
import { sayWaived } from './sentences.ts';

export type WaiveOptions = RunOptions & { readonly reason: string };

/** A person answers for a requirement that nothing has proved. */
export const waive = (call: Call<WaiveOptions>) => {
  const [requirement] = call.args;
  return act(call, 'waive', { requirement, reason: call.options.reason }, sayWaived);
};
