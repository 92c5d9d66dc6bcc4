import { expect, test } from 'vitest';

import { statementsIn, transactionControl } from '../../../src/core/plan/sql-statements.ts';

test.each([
  { text: 'select 1', statements: ['select 1'] },
  {
    text: 'insert into a values (1); update b set x = 2;',
    statements: ['insert into a values (1)', 'update b set x = 2'],
  },
  { text: ";; select ';' ; -- ; the end\n", statements: ["select ';'"] },
  { text: 'select $$;$$; select $a$ $$;$$ $a$', statements: ['select $$;$$', 'select $a$ $$;$$ $a$'] },
  { text: 'select ";" /* ; /* ; */ */; select 2', statements: ['select ";" /* ; /* ; */ */', 'select 2'] },
  { text: "select E'\\';'", statements: ["select E'\\';'"] },
  { text: ' -- nothing\n ; ', statements: [] },
  { text: "select 'open", statements: undefined },
])('the statements of $text', ({ text, statements }) => {
  expect(statementsIn(text)).toEqual(statements);
});

test.each([
  { text: 'commit', control: 'commit' },
  { text: 'insert into a values (1); /* then */ COMMIT', control: '/* then */ COMMIT' },
  { text: 'begin; select 1; end', control: 'begin' },
  { text: "rollback prepared 'x'", control: "rollback prepared 'x'" },
  { text: 'savepoint a', control: 'savepoint a' },
  { text: 'update commit set x = 1; (select 1); "commit"', control: undefined },
  { text: "select 'commit; rollback'", control: undefined },
])('what would end or divide the transaction in $text: $control', ({ text, control }) => {
  expect(transactionControl(statementsIn(text) ?? [])).toBe(control);
});
