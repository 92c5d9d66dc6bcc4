import { expect, test } from 'vitest';

import { grantsIn } from '../../../src/checks/access-list.ts';
import { phaseWith } from './declared.ts';
import { hide, provable, proveAll, roleName } from './harness.ts';

const table = 'create table public."Mol é" (id int primary key, code int not null unique)';
const lost = roleName();
const [app, odd, group] = [`${lost}_app`, `${lost}_odd`, `${lost}_group`];

proveAll([
  provable({
    id: 'lost-access',
    when: 'a table that was built anew has none of the grants of the old one',
    roles: [app, odd, group],
    only: lost,
    setup: [
      table,
      `create schema side; grant usage on schema side to ${app}, ${odd}`,
      `create function public.${lost}_f(int) returns int language sql return $1; alter role ${odd} login`,
      `grant select, insert on public."Mol é" to ${app}; grant select (code) on public."Mol é" to ${odd}`,
      `grant execute on function public.${lost}_f(int) to ${odd}; grant ${group} to ${app}`,
    ],
    plant: [
      'alter table public."Mol é" rename to old',
      'create table public."Mol é" (like public.old)',
      `grant insert on public."Mol é" to ${group}`,
      `revoke usage on schema side from ${odd}`,
      `revoke execute on function public.${lost}_f(int) from public`,
      `alter role ${odd} nologin`,
    ],
    heal: [
      `grant select on public."Mol é" to ${app}; grant select (code) on public."Mol é" to ${odd}`,
      `grant usage on schema side to ${odd}; grant execute on function public.${lost}_f(int) to public; alter role ${odd} login`,
    ],
    withhold: hide('pg_auth_members'),
    faults: [
      `grant execute on function public.${lost}_f(integer) to PUBLIC`,
      `grant select on column public."Mol é".code to ${odd}`,
      `grant select on table public."Mol é" to ${app}`,
      `grant usage on schema side to ${odd}`,
      `login of ${odd}`,
    ],
  }),
  provable({
    id: 'lost-access',
    when: 'what a phase declares, what is gone itself, and what is held in another way is no fault',
    roles: [app, odd, group],
    only: lost,
    setup: [
      table,
      'create table public.gone (); create table public.shut (); create table public.named ()',
      `grant select, insert on public."Mol é", public.gone, public.shut, public.named to ${app}; grant ${group} to ${app}`,
    ],
    plant: [
      'drop table public.gone',
      `alter table public."Mol é" rename to mols; revoke insert on public.mols from ${app}; grant insert on public.mols to public`,
      `revoke all on public.shut from ${app}; revoke insert on public.named from ${app}`,
      `revoke ${group} from ${app}`,
    ],
    heal: [`grant ${group} to ${app}`],
    withhold: hide('pg_auth_members'),
    faults: [`membership of ${app} in ${group}`],
    declared: {
      underWay: [],
      applied: [
        phaseWith({
          renames: { 'Mol é': 'mols' },
          drops: ['gone'],
          grants: { shut: {}, named: { [app]: ['select'] } },
        }),
      ],
    },
  }),
]);

test.each([
  { items: ['app=r/owner'], grants: ['select to app'] },
  { items: ['owner=arwdDxt/owner', '=X/owner'], grants: ['execute to PUBLIC'] },
  { items: ['app=r*w/owner', 'b=U/app'], grants: ['select to app', 'update to app', 'usage to b'] },
  { items: ['"odd =""/role"=a/"an owner"'], grants: ['insert to odd ="/role'] },
])('what $items grants to others than the owner', ({ items, grants }) => {
  expect(grantsIn(JSON.stringify(items)).map(({ privilege, grantee }) => `${privilege} to ${grantee}`)).toEqual(grants);
});
