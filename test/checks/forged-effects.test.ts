import { describe, expect, test } from 'vitest';

import { nothingDeclared } from '../../src/core/evidence/declared.ts';
import type { PhasePlan } from '../../src/core/plan/phase.ts';
import { applied } from './catalogue/phases.ts';
import { lookingAs } from './catalogue/harness.ts';
import { ground } from './stranger-ground.ts';
import { sharedServers } from '../support/every-case.ts';

type Ground = Awaited<ReturnType<typeof ground>>;

/** What the check says of this effect once somebody has made something. */
async function effectAfter(on: Ground, effect: string, makes: () => Promise<unknown>): Promise<string> {
  const declared = applied({ creates: [effect] });
  const scope = { phases: declared.applied as PhasePlan[], phase: { role: on.phases.name, tags: [] } };
  const looking = { id: 'declared-effects', scope } as const;
  const frozen = await (await lookingAs(on.asks, { ...looking, declared: nothingDeclared }))(true);
  const look = await lookingAs(on.asks, { ...looking, declared, frozen });
  await makes();
  return (await look()).status;
}

describe.each(sharedServers)('on %s', (server) => {
  test.each([
    { effect: 'app.moved', makes: 'create table public."app.moved" (id int)', is: 'breach' },
    { effect: 'app.moved', makes: 'create view public."app.moved" as select 1', is: 'breach' },
    { effect: 'app.moved', makes: 'create sequence public."app.moved"', is: 'breach' },
    { effect: 'app.moved', makes: 'create type public."app.moved" as enum ()', is: 'breach' },
    { effect: 'app.moved', makes: 'create function public."app.moved"() returns int return 1', is: 'breach' },
    { effect: 'app.moved', makes: `create collation public."app.moved" from "C"`, is: 'breach' },
    { effect: 'table app.moved', makes: 'create table public."app.moved" (id int)', is: 'breach' },
    {
      effect: 'app.t.moved',
      makes: 'create table public.x (id int); create table public."app.t" (moved int)',
      is: 'breach',
    },
    { effect: 'app.t.moved', makes: 'create table public.app ("t.moved" int)', is: 'breach' },
    { effect: 'app.moved', makes: 'create table public.app (moved int)', is: 'unknown' },
    { effect: 'p on orders', makes: 'create table public."p on orders" (id int)', is: 'breach' },
    { effect: 'function f', makes: 'create table public."function f" (id int)', is: 'breach' },
    {
      effect: 'p on orders',
      makes: 'create table side.t (id int); create policy "p on orders" on side.t using (true)',
      is: 'unknown',
    },
    {
      effect: 'app.moved',
      makes: 'create table side.t (id int); create policy "app.moved" on side.t using (true)',
      is: 'unknown',
    },
  ])('a stranger’s "$makes" does not pass for the effect $effect', async ({ effect, makes, is }) => {
    await using on = await ground(server);
    await on.db.query(
      `create schema app authorization ${on.phases.name}; grant create on schema public to ${on.stranger.name}`,
    );
    const made = () => on.db.query(`set role ${on.stranger.name}; ${makes}; reset role`);
    expect(await effectAfter(on, effect, made)).toBe(is);
  });

  test.each([
    { effect: 'app.moved', makes: 'create table app.moved (id int)' },
    { effect: 'table app.moved', makes: 'create table app.moved (id int)' },
    { effect: 'app.moved', makes: 'create table public.app (moved int)' },
    { effect: 'public."app.moved"', makes: 'create table public."app.moved" (id int)' },
    { effect: '"v1.0".New T', makes: 'create schema "v1.0"; create table "v1.0"."New T" (id int)' },
    { effect: 'app.orders."net.value"', makes: 'create table app.orders ("net.value" int)' },
    { effect: 'schema v1.0', makes: 'create schema "v1.0"' },
    { effect: 'f(integer)', makes: 'create function public.f(integer) returns int return 1' },
    { effect: 'collation app.German', makes: 'create collation app."German" from "C"' },
    { effect: 'Read on v1.0', makes: 'create table t (); create policy "Read on v1.0" on t using (true)' },
    { effect: 'Read on v1.0 on t', makes: 'create table t (); create policy "Read on v1.0" on t using (true)' },
    { effect: 'policy p on public.t', makes: 'create table t (); create policy p on t using (true)' },
  ])('"$makes" by the phase is the effect $effect', async ({ effect, makes }) => {
    await using on = await ground(server);
    await on.db.query(`create schema app authorization ${on.phases.name};
      grant create on schema public to ${on.phases.name}; grant create on database ${on.db.name} to ${on.phases.name}`);
    const made = () => on.db.query(`set role ${on.phases.name}; ${makes}; reset role`);
    expect(await effectAfter(on, effect, made)).toBe('ok');
  });
});
