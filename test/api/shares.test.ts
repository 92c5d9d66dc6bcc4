import { expect, test } from 'vitest';

import { type Holder, shares } from '../../src/api/shares.ts';

/** `b:lena` is Lena of guard b; `a+b:pipe` has one token in both plans. A pipeline may report phases. */
function holderOf(name: string): Holder {
  const [guards = '', principal = ''] = name.split(':');
  return { guards: guards.split('+'), principal, mayReport: principal.startsWith('pipe') };
}

const room = { inAll: 8, perPrincipal: 4 };
const times = (count: number, name: string) => Array.from({ length: count }, () => name);

/** Lets them in one after another; returns the answers to each from `since` on: who left for it, or that there was no room. */
function entering(names: readonly string[]) {
  const open = shares<string>(room);
  return names.map((name, place) => {
    const entered = open.enter(holderOf(name), `${name} ${place}`);
    return entered === 'no-room' ? entered : entered.leaves;
  });
}

const full = [...times(4, 'b:lena'), ...times(4, 'b:omar')];
test.each([
  { who: 'a principal with too many', before: times(4, 'b:lena'), next: 'b:lena', answer: 'no-room' },
  { who: 'another principal of that guard', before: times(4, 'b:lena'), next: 'b:omar', answer: undefined },
  { who: 'a principal of two guards', before: times(7, 'a+b:pipe'), next: 'a+b:pipe', answer: undefined },
  { who: 'another guard when all is full', before: full, next: 'a:priya', answer: 'b:lena 0' },
  { who: 'another guard’s pipeline', before: full, next: 'a:pipe', answer: 'b:lena 0' },
  { who: 'a third principal of the same guard', before: full, next: 'b:priya', answer: 'b:lena 0' },
  {
    who: 'the guard with the most',
    before: [...times(4, 'b:lena'), ...times(2, 'b:omar'), ...times(2, 'a:pipe')],
    next: 'b:omar',
    answer: 'b:lena 0',
  },
  {
    who: 'the principal with the most of the guard with the most',
    before: [...times(3, 'b:lena'), ...times(3, 'b:omar'), ...times(2, 'a:pipe')],
    next: 'b:lena',
    answer: 'no-room',
  },
  {
    who: 'a pipeline before it loses to those who cannot report',
    before: [...times(4, 'b:pipe'), ...times(3, 'b:lena'), 'b:omar'],
    next: 'b:pipe2',
    answer: 'b:lena 4',
  },
  {
    who: 'another guard, which spares a pipeline',
    before: [...times(4, 'b:pipe'), ...times(3, 'b:lena'), 'b:omar'],
    next: 'a:priya',
    answer: 'b:lena 4',
  },
  {
    who: 'a guard whose many principals fill everything',
    before: Array.from({ length: 8 }, (_, place) => `b:p${place}`),
    next: 'b:q',
    answer: 'no-room',
  },
  {
    who: 'its pipeline',
    before: Array.from({ length: 8 }, (_, place) => `b:p${place}`),
    next: 'b:pipe',
    answer: 'b:p0 0',
  },
])('room for $who: $answer', ({ before, next, answer }) => {
  const answers = entering([...before, next]);
  expect(answers.slice(0, -1).filter((one) => one !== undefined)).toEqual([]);
  expect(answers.at(-1)).toBe(answer);
});

test('a guard keeps its connections, whatever the principals of another one do', () => {
  const flood = Array.from({ length: 200 }, (_, place) => `b:p${place % 50}`);
  const left = entering([...times(2, 'a:pipe'), 'a:priya', ...flood]);
  expect(left.filter((one) => one?.startsWith('a:'))).toEqual([]);
});

test('a connection that leaves frees one place, and only once', () => {
  const open = shares<string>({ inAll: 2, perPrincipal: 1 });
  const [lena, omar] = [holderOf('a:lena'), holderOf('a:omar')];
  open.enter(lena, 'one');
  open.leave(lena, 'one');
  open.leave(lena, 'one');
  expect([open.enter(lena, 'two'), open.enter(lena, 'three'), open.enter(omar, 'four')]).toEqual([{}, 'no-room', {}]);
  expect(open.enter(holderOf('a:priya'), 'five')).toBe('no-room');
});
