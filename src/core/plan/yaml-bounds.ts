import { Lexer, Parser } from 'yaml';

/**
 * What no plan has that a person wrote. The parser's work and memory grow out of proportion with each of these, and nothing
 * else of the daemon runs meanwhile. A plan has at most 50 levels and 50,000 values, which are counted later.
 */
const bounds = { levels: 64, tokens: 250_000, faults: 100 };

/** Where the text exceeds a bound, and which one. */
export interface Excess {
  readonly bound: keyof typeof bounds;
  readonly offset: number;
}

/** Reads the tokens only, and no further than to the first excess: a small part of what parsing would take. */
export function excessIn(text: string): Excess | undefined {
  const parser = new Parser();
  let [tokens, faults] = [0, 0];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) if (token.type === 'error') faults += 1;
    tokens += 1;
    const { offset } = parser;
    if (parser.stack.length > bounds.levels) return { bound: 'levels', offset };
    if (faults > bounds.faults) return { bound: 'faults', offset };
    if (tokens > bounds.tokens) return { bound: 'tokens', offset };
  }
  return undefined;
}
