import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Hash } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import type { Answers, PowerQuestion, Question } from './detection-power-worker.ts';

type Frozen = NonNullable<RunState['baseline']>;

/**
 * What the frozen baseline can tell. It takes tens of milliseconds a probe, so it is worked out in a thread: where readings
 * are taken meanwhile, all targets would look slow for as long, controls and all.
 */
export interface DetectionPower {
  power(frozen: Frozen): Promise<Answers<'power'>>;
  /** What of the plan's wishes the baseline is not good enough for, one sentence a probe. */
  weaknesses(frozen: Frozen): Promise<Answers<'weaknesses'>>;
}

// Built files are .js beside .js, sources .ts beside .ts; the compiler rewrites neither name in a URL.
const workerFile = new URL(`./detection-power-worker${extname(import.meta.url)}`, import.meta.url);

/** Rejects with what the thread failed with. It keeps nobody from ending. */
async function askThread<Name extends Question>(
  asked: PowerQuestion & { readonly question: Name },
): Promise<Answers<Name>> {
  const worker = new Worker(workerFile, { workerData: asked, name: 'ripcord-detection-power' });
  worker.unref();
  const [answers] = await once(worker, 'message');
  return answers as Answers<Name>;
}

export function detectionPower(plan: Plan): DetectionPower {
  /** A baseline never changes, so neither does the answer. */
  const ask = <Name extends Question>(question: Name) => {
    const known = new Map<Hash, Promise<Answers<Name>>>();
    return ({ hash, baseline }: Frozen): Promise<Answers<Name>> => {
      const answers = known.get(hash) ?? askThread({ question, plan, baseline });
      known.set(hash, answers);
      answers.catch(() => known.delete(hash)); // a thread that could not be had may be had the next time
      return answers;
    };
  };
  return { power: ask('power'), weaknesses: ask('weaknesses') };
}
