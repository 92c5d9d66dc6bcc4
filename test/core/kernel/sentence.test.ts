import { expect, test } from 'vitest';

import { RipcordError } from '../../../src/core/kernel/errors.ts';
import { clause, sentence } from '../../../src/core/kernel/sentence.ts';

test.each([
  { text: 'it runs', ends: 'it runs.', goesOn: 'it runs' },
  { text: 'it runs.', ends: 'it runs.', goesOn: 'it runs' },
  { text: 'does it run?', ends: 'does it run?', goesOn: 'does it run?' },
  { text: 'boom.\n', ends: 'boom.', goesOn: 'boom' },
  { text: '', ends: '', goesOn: '' },
  { text: 'and so on…', ends: 'and so on…', goesOn: 'and so on…' },
  { text: 'and so on...', ends: 'and so on...', goesOn: 'and so on...' },
])('“$text” ends as “$ends” and goes on as “$goesOn”', ({ text, ends, goesOn }) => {
  expect(sentence(text)).toBe(ends);
  expect(clause(text)).toBe(goesOn);
});

test('an error that quotes another error has no double full stops', () => {
  const inner = new RipcordError({ found: 'no answer', wanted: 'one', todo: 'Look whether the server runs' });
  const outer = new RipcordError({ found: `blind: ${inner.message}`, wanted: 'sight', todo: inner.message });
  expect(outer.message).toBe(
    'blind: no answer; wanted one. Look whether the server runs; wanted sight. no answer; wanted one. Look whether the server runs.',
  );
});
