import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Command, namedFiles } from '../../../src/core/response/named-files.ts';

const filesOf = (step: Command) => namedFiles(step).map(({ file }) => file);

test.each([
  { command: ['node', 'undo.ts', '--rollback'], names: ['node', 'undo.ts'] },
  { command: ['psql', '--file=undo.sql', '-f', 'more.sql'], names: ['psql', 'undo.sql', 'more.sql'] },
  { command: ['./undo', '', '-x', 'undo.ts', 'undo.ts'], names: ['./undo', 'undo.ts'] },
  { command: ['undo', '--where=-x', '--empty='], names: ['undo'] },
  {
    command: ['psql', '-fundo.sql', 'file=more.sql'],
    names: ['psql', 'undo.sql', 'file=more.sql', 'more.sql', 'file'],
  },
  {
    command: ['sh', '-ec', "psql -f 'undo.sql' <in.sql;./tidy"],
    names: ['sh', 'c', "psql -f 'undo.sql' <in.sql;./tidy", 'psql', 'undo.sql', 'in.sql', './tidy'],
  },
  { command: ['sh', './undo', '/etc/x'], directory: 'back', names: ['back/sh', 'back/./undo', '/etc/x'] },
  { command: ['run', 'x'], env: { BASH_ENV: './env.sh' }, names: ['run', 'x', './env.sh'] },
])('$command names $names and nothing else', ({ names, ...step }) => {
  expect(filesOf(step)).toEqual(names);
});

test.each([
  { command: ['node', 'systemctl.js', 'stop', 'app'], not: 'app.json' },
  { command: ['node', '-r', './before', 'undo', 'app'], not: 'app.json' },
  { command: ['python3', 'undo.py', 'app'], not: 'app.py' },
  { command: ['make', 'undo'], not: 'undo/Makefile' },
])('$command does not name $not: that is the script’s own', ({ command, not }) => {
  expect(filesOf({ command })).not.toContain(not);
});

test.each<Command & { readonly name: string }>([
  { command: ['npm', 'run', 'undo'], name: 'package.json' },
  { command: ['npm', '--prefix', 'tool', 'run', 'undo'], name: 'tool/package.json' },
  { command: ['/usr/bin/make', 'undo'], directory: 'back', name: 'back/Makefile' },
  { command: ['make', '-C', 'back/'], name: 'back/GNUmakefile' },
  { command: ['node', 'undo'], name: 'undo.js' },
  { command: ['node', './tool'], name: './tool/index.js' },
  { command: ['node', './tool'], name: './tool/package.json' },
  { command: ['node', '--require=./before', 'undo.js'], name: './before.js' },
  { command: ['node', '-r', './before', './undo', 'app'], name: './before.js' },
  { command: ['node', '-r', './before', './undo', 'app'], name: './undo.js' },
  { command: ['deno', 'run', '-A', './undo'], name: './undo.ts' },
  { command: ['sh', '-c', 'exec node undo --rollback'], name: 'undo.js' },
  { command: ['sh', '-c', 'test -f x && node undo; exit 1'], name: 'undo.js' },
  { command: ['python3', '-m', 'undo'], name: 'undo/__main__.py' },
  { command: ['docker', 'run', '-v', './undo.sql:/undo.sql', 'image'], name: './undo.sql' },
  { command: ['env', 'NODE_OPTIONS=--require=./before.js', 'node', 'undo.js'], name: './before.js' },
  { command: ['psql', '--file=./a=b:c.sql'], name: './a=b:c.sql' },
  { command: ['psql', '-f', '${env:WHERE}/undo.sql'], name: '${env:WHERE}/undo.sql' },
  { command: ['psql', '-v', 'in=${env:WHERE}/undo.sql'], name: '${env:WHERE}/undo.sql' },
])('$command may name $name', ({ name, ...step }) => {
  expect(filesOf(step)).toContain(name);
});

test.each([
  { line: 'node "./a b.js"', name: './a b.js' },
  { line: "node './a b.js'", name: './a b.js' },
  { line: String.raw`node ./a\ b.js`, name: './a b.js' },
  { line: 'node ./a" b".js', name: './a b.js' },
  { line: 'node $PWD/undo.js', name: './undo.js' },
  { line: 'node "${PWD}/undo.js"', name: './undo.js' },
  { line: 'psql -f ~/undo.sql', name: '${env:HOME}/undo.sql' },
  { line: 'psql -f "$HOME/undo.sql"', name: '${env:HOME}/undo.sql' },
  { line: 'psql -f $WHERE/undo.sql', name: '${env:WHERE}/undo.sql' },
  { line: 'psql -f $OWN/undo.sql', name: 'back/undo.sql' },
  { line: "psql -f '$OWN/undo.sql'", name: '$OWN/undo.sql' },
  { line: String.raw`psql -f \$OWN/undo.sql`, name: '$OWN/undo.sql' },
  { line: 'psql -f ${env:OWN}/undo.sql', name: '${env:OWN}/undo.sql' },
  { line: 'psql <undo.sql >log 2>&1', name: 'undo.sql' },
  { line: 'test "$(node undo.js)" = done', name: 'undo.js' },
  { line: 'x=`node undo.js`', name: 'undo.js' },
  { line: `bash -c "bash -c 'node undo.js'"`, name: 'undo.js' },
  { line: "it's not closed; node undo.js", name: 'undo.js' },
  { line: 'undo=back.sql', name: 'back.sql' },
])('the line $line may name $name', ({ line, name }) => {
  expect(filesOf({ command: ['sh', '-c', line], env: { OWN: 'back' } })).toContain(name);
});

test('files that a line writes to are not named, because they may change', () => {
  const names = filesOf({ command: ['sh', '-c', './undo.sh >undo.log 2>>"errors.log" <in.sql; ./more.sh'] });
  expect(names).toEqual(expect.arrayContaining(['./undo.sh', 'in.sql', './more.sh']));
  expect(names).not.toContain('undo.log');
  expect(names).not.toContain('errors.log');
});

test('the files of any command are found, and each argument is one of them', () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    "'",
    '"',
    '\\',
    '$',
    '{',
    '}',
    '(',
    '`',
    '>',
    ':',
    '=',
    '-',
    '/',
    '$X',
    '${env:X}',
  );
  const argument = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 4 }), (command) => {
      const named = filesOf({ command, env: { X: '$X $X' } });
      const whole = command.filter((one) => one !== '' && !one.startsWith('-'));
      expect(named).toEqual(expect.arrayContaining(whole));
    }),
  );
});
