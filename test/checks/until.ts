/** Polls until the answer is yes, for changes in another process that no event announces. */
export async function until(yes: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await yes())) {
    if (Date.now() > deadline) throw new Error('waited for 10 s in vain');
  }
}
