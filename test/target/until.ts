import { setTimeout } from 'node:timers/promises';

/** Asks again until the answer is yes: what a server does on its own has no event to wait for. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error('it did not become true within 10 s');
    await setTimeout(5);
  }
}
