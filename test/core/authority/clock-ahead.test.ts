import { expect, test } from 'vitest';

import { doubtClockAhead } from '../../../src/core/authority/clock-ahead.ts';
import { type EndedTokens, noneEnded } from '../../../src/core/authority/tokens.ts';
import { aPlan, at, dana, lena, start } from '../../support/builders.ts';

const hour = 3_600;
const [danas, lenas] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`);
/** The token of lena ends 50 hours after the newest moment of the journal. */
const plan = aPlan({
  principals: [
    { ...dana, token_hash: danas },
    { ...lena, token_hash: lenas, token_expires: `${new Date(start + 50 * hour * 1_000).toISOString().slice(0, 16)}Z` },
  ],
});
const revoked: EndedTokens = { ...noneEnded, revoked: new Set([lenas ?? '']) };

test.each([
  { what: 'a correct clock', ahead: hour, ended: noneEnded, doubted: false },
  { what: 'far ahead, and no token ends by it', ahead: 49 * hour, ended: noneEnded, doubted: false },
  { what: 'far ahead, and a token would end by it', ahead: 51 * hour, ended: noneEnded, doubted: true },
  { what: 'far ahead of a token that has ended before', ahead: 51 * hour, ended: revoked, doubted: false },
])('$what is doubted: $doubted', ({ ahead, ended, doubted }) => {
  const doubt = doubtClockAhead(plan, ended, start, at(ahead));
  expect(doubt !== undefined).toBe(doubted);
  if (doubted) expect(doubt?.found).toMatch(/ after the newest moment of the journal, .* the tokens of lena$/);
});

test('a clock less than a day ahead is accepted, because guards may be off for a night', () => {
  expect(doubtClockAhead(plan, noneEnded, at(30 * hour), at(51 * hour))).toBeUndefined();
});
