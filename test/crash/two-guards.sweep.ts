import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { faultsOf } from './invariants.ts';
import { miniature, type Miniature } from './miniature.ts';
import { Operator } from './operator.ts';
import { numbers } from './random.ts';

const first = Number(process.env.SEED ?? 1);
/** Total number of kills over all rounds. */
const kills = Number(process.env.KILLS ?? 60);

const lifetimesOf = (next: () => number): readonly number[] =>
  Array.from({ length: 2 + Math.floor(next() * 6) }, () => 700 + Math.floor(next() * 5_000));

/** A second guard, which runs in the daemon of the first and writes to the same journal. */
async function beside(host: Miniature, name: string): Promise<Miniature> {
  const guest = await miniature();
  await writeFile(guest.planFile, (await readFile(guest.planFile, 'utf8')).replace('name: miniature', `name: ${name}`));
  const { journal, port, url } = host;
  const env = { ...guest.env, RIPCORD_URL: url };
  return { ...guest, journal, port, url, env, [Symbol.asyncDispose]: () => guest[Symbol.asyncDispose]() };
}

test(`a daemon with two guards that is killed ${kills} times at random moments completes both runs`, async () => {
  let done = 0;
  for (let seed = first; done < kills; seed += 1) {
    await using host = await miniature();
    await using guest = await beside(host, 'other');
    const theirs = new Operator(guest, { guest: true }).toTheEnd(200_000);
    theirs.catch(() => undefined); // reported below
    const lifetimes = lifetimesOf(numbers(seed));
    const ours = new Operator(host, { lifetimes, beside: [guest.planFile], until: theirs }).toTheEnd(200_000);
    const [one, other] = await Promise.all([ours, theirs]);
    done += one.starts - 1;
    const asked = [one, other].map((ending) => ending.asked.map(({ step }) => step).join(', ') || 'nothing');
    console.log(`seed ${seed}: killed ${one.starts - 1} times, ${done} in all; asked: ${asked.join(' | ')}`);
    expect([seed, ...(await faultsOf(host, one)), ...(await faultsOf(guest, other))]).toEqual([seed]);
  }
}, 3_600_000);
