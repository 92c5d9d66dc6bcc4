import { setTimeout } from 'node:timers/promises';

/** Polls until the answer is yes, because no event announces what a server does on its own. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error('it did not become true within 10 s');
    await setTimeout(5);
  }
}
