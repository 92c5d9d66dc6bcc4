import { expect, test } from 'vitest';

import { hash } from '../../../src/core/kernel/ids.ts';
import { sayBound, whyUnbound } from '../../../src/core/response/unbound.ts';

const undo = { file: 'undo.js', hash: hash('sha256:1') };
const byShell = (what: string) =>
  `its shell line has ${what}, so approvals may not be bound to the files that it finds`;

test.each([
  { line: 'for f in ./undo/*.sh; do sh $f; done', has: 'a glob in ./undo/*.sh, a variable in $f' },
  { line: 'psql -f "$WHERE/undo.sql"', has: 'a variable in "$WHERE/undo.sql"' },
  { line: 'psql -f ${WHERE:-back}/undo.sql', has: 'a variable in ${WHERE:-back}/undo.sql' },
  { line: 'cd back && node undo.js', has: 'a cd' },
  { line: 'node "$(cat which)"', has: 'a command substitution' },
  { line: 'node `cat which`', has: 'a command substitution' },
  { line: 'node undo-{a,b}.js', has: 'a glob in undo-{a,b}.js' },
])('of the line $line it is said that it has $has', ({ line, has }) => {
  expect(whyUnbound({ command: ['sh', '-c', line] }, [undo])).toEqual([byShell(has)]);
  expect(whyUnbound({ command: ['sudo', '/bin/bash', '-lc', line, 'x'] }, [undo])).toEqual([byShell(has)]);
  expect(whyUnbound({ command: ['node', '-c', line] }, [undo])).toEqual([]); // no shell reads it
});

test.each([
  'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$0"',
  'node $PWD/undo.js && test -f "$HOME/undo.js" || exit $?',
  "grep '*.sql' undo.js; echo '$x' \\$y",
  'psql -f $OWN/undo.sql -U $PGUSER',
  '[ -f undo.js ] && { node undo.js; }',
])('all files of the line %s are known before it runs', (line) => {
  expect(whyUnbound({ command: ['sh', '-c', line, 'undo.js'], env: { OWN: 'back' } }, [undo])).toEqual([]);
});

test('a command without a bound file is reported', () => {
  const says =
    'no file that its command names exists, so an approval is bound to no file: if the command runs a file, name it as an argument';
  expect(whyUnbound({ command: ['systemctl', 'restart', 'app'] }, [])).toEqual([says]);
  expect(whyUnbound({ command: ['sh', '-c', 'cd x'] }, [])).toEqual([says, byShell('a cd')]);
});

test('the approver is told which files the approval is bound to', () => {
  expect(sayBound([undo, { ...undo, file: '/opt/back.sql' }])).toBe('an approval is bound to undo.js, /opt/back.sql');
  expect(sayBound([])).toBe('an approval is bound to no file of it');
});
