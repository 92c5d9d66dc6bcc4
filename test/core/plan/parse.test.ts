import { expect, test } from 'vitest';

import { changed, faultsOf, goodPlan, planOf } from './a-plan.ts';

test('a plan is read with its defaults and its quantities', () => {
  const { plan, environment, secrets } = planOf(goodPlan);
  expect(plan.phases.map(({ estimate }) => estimate)).toEqual([600_000, 1_200_000]);
  expect(plan.criteria.performance).toMatchObject({ slower_than: 1.5, false_alarms: 1, ignore_stalls_under: 10_000 });
  expect(plan.watch.for).toBe(3_600_000);
  expect(environment).toBe('staging');
  expect(secrets).toEqual([]);
});

test('a plan is frozen to its leaves', () => {
  const { plan } = planOf(goodPlan);
  expect(() => Object.assign(plan, { name: 'other' })).toThrow(TypeError);
  expect(() => Object.assign(plan.phases[0]?.effects.writes ?? {}, { molecule: {} })).toThrow(TypeError);
  expect(Object.isFrozen(plan.criteria.security.watch_roles)).toBe(true);
});

test('all faults are reported together, in the order of the text', () => {
  const broken = [
    ['name: demo', 'name: My Demo\ncolour: red'],
    ['estimate: 10m\n', 'estimate: soon\n'],
    ['rollback: restore', 'rollback: 7'],
    ['role: database_administrator', 'role: boss'],
  ].reduce((text, [from, to]) => changed(text, from ?? '', to ?? ''), goodPlan);
  expect(faultsOf(broken).map((line) => line.split(': ').slice(0, 2))).toEqual([
    ['plan:2:7', 'name'],
    ['plan:3:1', 'colour'],
    ['plan:10:15', 'phases[0].estimate'],
    ['plan:14:15', 'phases[1].rollback'],
    ['plan:21:11', 'principals[0].role'],
  ]);
});

test.each([
  { text: '', says: '1:1: found an empty file, wanted a plan' },
  { text: '# soon\n', says: '1:1: found an empty file, wanted a plan' },
  {
    text: 'a: [1, 2\nb: 3\n',
    says: '2:1: found wrong indentation, wanted the keys of one mapping, and the items of one list, in one column',
  },
  {
    text: 'a: "x\n',
    says: '2:1: found missing closing "quote, wanted a closing quote or bracket, a comma, a colon or a space',
  },
  {
    text: 'a: b: c\n',
    says: '1:4: found a second key on the same line, wanted one key a line, or quotes round a text with ": " in it',
  },
  { text: 'a:\n\tb: c\n', says: '2:1: found a tab as indentation, wanted spaces' },
  {
    text: 'a: "\\q"\n',
    says: '1:5: found an unknown escape in double quotes, wanted single quotes, or the backslash doubled',
  },
  { text: 'a: 1\n---\nb: 2\n', says: '2:1: found a second document after ---, wanted one plan in one file' },
  { text: 'a: !secret x\n', says: '1:4: found a tag, wanted a value without a tag' },
  {
    text: '%YAML 1.1\n---\na: yes\n',
    says: '1:1: found a directive that Ripcord does not know, wanted a plan without % directives',
  },
  { text: '? [a]\n: b\n', says: '1:3: found a key that is not text, wanted a key of text' },
  { text: `a: ${'x'.repeat(1_000_000)}`, says: '1:1: found 1000003 characters, wanted at most 1000000' },
  { text: 'a: &a [*a, *a]\n', says: expect.stringMatching(/^plan:1:8: a\[0\].*: found more than 50 levels, wanted/) },
  {
    text: `a: &a x\nb: [${'*a,'.repeat(101)}]\n`,
    says: '2:305: b[100]: found more than 100 aliases, wanted a plan that a person could read',
  },
  {
    text: `a: &a [${'x,'.repeat(1_000)}]\nb: [${'*a,'.repeat(60)}]\n`,
    says: expect.stringContaining('found more than 50000 values'),
  },
])('text that is no plan is refused for what it is: $says', ({ text, says }) => {
  expect(faultsOf(text)).toEqual([typeof says === 'string' ? `plan:${says}` : says]);
});

test.each([
  { text: '['.repeat(999_000), says: /^plan:1:\d\d: found nesting that is too deep, wanted/ },
  { text: '{'.repeat(999_000), says: /^plan:1:\d\d: found nesting that is too deep, wanted/ },
  { text: '- '.repeat(499_000), says: /^plan:1:\d+: found nesting that is too deep, wanted/ },
  { text: '? '.repeat(499_000), says: /^plan:1:\d+: found nesting that is too deep, wanted/ },
  { text: ']'.repeat(999_000), says: /^plan:1:\d+: found text that is not YAML, wanted YAML/ },
  { text: 'k: 1\n'.repeat(199_000), says: /^plan:\d+:\d: found more words and signs than a plan may have, wanted/ },
])('text that would keep the parser busy for long is refused at its first excess: $says', ({ text, says }) => {
  expect(faultsOf(text)).toEqual([expect.stringMatching(says)]);
});

test('a plan may have 50 levels', () => {
  const [deep, deeper] = [49, 50].map((levels) => faultsOf(`a: ${'['.repeat(levels)}1${']'.repeat(levels)}`));
  expect(deep?.join()).not.toContain('levels');
  expect(deeper).toEqual([expect.stringMatching(/found more than 50 levels, wanted/)]);
});

test('of many syntax faults the first hundred are reported, and how many there are more', () => {
  const lines = faultsOf(`a: "${'\\q'.repeat(490_000)}"`);
  expect(lines).toHaveLength(101);
  expect(lines[99]).toContain('found an unknown escape in double quotes');
  expect(lines[100]).toBe('plan:1:205: found 489900 more such faults, wanted YAML');
});

test('every syntax fault is reported, and a broken structure is not judged further', () => {
  expect(faultsOf('a: "\\q"\nb:\n\t- c\nripcord: x: y\n')).toHaveLength(3);
});

test('an alias without an anchor is reported at its position', () => {
  expect(faultsOf(changed(goodPlan, 'name: demo', 'name: *none'))).toEqual([
    'plan:2:7: name: found the alias *none, wanted an anchor &none before it',
  ]);
});

test('the value of an alias is checked where it is used', () => {
  const text = changed(goodPlan, 'estimate: 10m\n', 'estimate: &long ages\n');
  expect(faultsOf(changed(text, 'estimate: 10m-20m', 'estimate: *long'))).toEqual([
    'plan:9:21: phases[0].estimate: found "ages", wanted an estimate such as 30m or 3h-4h',
    'plan:12:15: phases[1].estimate: found "ages", wanted an estimate such as 30m or 3h-4h',
  ]);
});
