import { expect, test } from 'vitest';

import { guardId } from '../../src/core/kernel/ids.ts';
import { type Journal, tokenStream } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { underLease } from '../../src/journal/under-lease.ts';
import { hashToken } from '../../src/runs/token-hash.ts';
import { keepTokens } from '../../src/runs/token-revocation.ts';
import { tempFolder } from '../journal/folder.ts';
import { aPlan } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { claimed } from '../support/leased.ts';

const base = aPlan();
const plan = { ...base, principals: base.principals.map((one) => ({ ...one, token_hash: hashToken(one.id) })) };
const [first, second] = plan.principals.map(({ id }) => id);
const by = { id: first, role: 'database_administrator', rights: ['operate'] } as never;
const clock = fakeClock();

/** The tokens of one guard of the plan, in a shared store. */
async function tokensOf(
  journal: Journal,
  environment: string,
  of = plan,
  warn: (facts: unknown) => void = () => undefined,
) {
  const lease = await claimed(journal, guardId(of.name, environment));
  return keepTokens({
    plan: of,
    journal: underLease(journal, () => lease),
    clock,
    log: { warn },
  });
}

test('a token revoked by one guard of a plan ends in its other environments, and no token of another guard at work ends', async () => {
  await using folder = await tempFolder();
  await using journal = await openJournal(folder.journal);
  const production = await tokensOf(journal, 'production');
  const staging = await tokensOf(journal, 'staging');
  const other = await tokensOf(journal, 'production', { ...plan, name: 'another-plan' });
  await production.revoke({ principal: second!, by, reason: 'stolen' });
  for (const one of [staging, other]) await one.expire();
  expect(staging.whose(second!)).toMatchObject({ fault: 'revoked' });
  expect(staging.revoked()).toEqual([second]);
  expect(other.whose(second!)).toMatchObject({ principal: { id: second } });
});

test.each(['renamed', 'zzz', 'a/b'])(
  'a revoked token is revoked from the start for the guard of another plan: %s',
  async (name) => {
    await using folder = await tempFolder();
    await using journal = await openJournal(folder.journal);
    const before = await tokensOf(journal, 'production');
    await before.revoke({ principal: second!, by, reason: 'stolen' });
    const warned: unknown[] = [];
    const after = await tokensOf(journal, 'production', { ...plan, name }, (facts) => void warned.push(facts));
    expect(after.whose(second!)).toMatchObject({ fault: 'revoked', of: second });
    expect(after.whose(first!)).toMatchObject({ principal: { id: first } });
    expect(after.revoked()).toEqual([second]);
    expect(warned).toEqual([{ principal: second, plan: plan.name }]);
    expect(await after.revoke({ principal: second!, by, reason: 'again' })).toEqual({ events: [] });
  },
);

test('two guards that revoke at once both succeed, one after the other, and a revocation is recorded once', async () => {
  await using folder = await tempFolder();
  await using journal = await openJournal(folder.journal);
  const guards = await Promise.all(['production', 'staging', 'testing'].map((name) => tokensOf(journal, name)));
  const revoked = guards.map((one) => one.revoke({ principal: second!, by, reason: 'stolen' }));
  const count = (await Promise.all(revoked)).flatMap((one) => ('events' in one ? one.events : []));
  expect(count).toHaveLength(1);
  expect(await journal.read(tokenStream(plan.name))).toHaveLength(1);
  for (const one of guards) expect(one.whose(second!)).toMatchObject({ fault: 'revoked' });
});
