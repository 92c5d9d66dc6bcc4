/** Asks again and again until the answer is yes: for what another process does, and nobody tells us of. */
export async function until(yes: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await yes())) {
    if (Date.now() > deadline) throw new Error('waited for 10 s in vain');
  }
}
