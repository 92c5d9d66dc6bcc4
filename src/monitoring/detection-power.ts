import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { Hash } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import { codeFile } from '../system/code-file.ts';
import type { Answers, PowerQuestion, Question } from './detection-power-worker.ts';

type Frozen = NonNullable<RunState['baseline']>;

/**
 * The slowdowns that the frozen baseline can detect. The computation takes tens of milliseconds per probe, so it runs in a
 * worker thread. On the main thread it would delay the readings, and every target, controls included, would look slow.
 */
export interface DetectionPower {
  power(frozen: Frozen): Promise<Answers<'power'>>;
  /** The plan's requirements that the baseline is too weak for, one sentence per probe. */
  weaknesses(frozen: Frozen): Promise<Answers<'weaknesses'>>;
}

const workerFile = codeFile('monitoring/detection-power-worker');

/** Rejects with the thread's error. The thread does not keep the process alive. */
async function askThread<Name extends Question>(
  asked: PowerQuestion & { readonly question: Name },
): Promise<Answers<Name>> {
  const worker = new Worker(workerFile, { workerData: asked, name: 'ripcord-detection-power' });
  worker.unref();
  const [answers] = await once(worker, 'message');
  return answers as Answers<Name>;
}

export function detectionPower(plan: Plan): DetectionPower {
  /** A baseline never changes, so its answers are cached. */
  const ask = <Name extends Question>(question: Name) => {
    const known = new Map<Hash, Promise<Answers<Name>>>();
    return ({ hash, baseline }: Frozen): Promise<Answers<Name>> => {
      const answers = known.get(hash) ?? askThread({ question, plan, baseline });
      known.set(hash, answers);
      answers.catch(() => known.delete(hash)); // the thread may start the next time
      return answers;
    };
  };
  return { power: ask('power'), weaknesses: ask('weaknesses') };
}
