import { lowered, sqlTokens } from './sql-tokens.ts';

/** The statements of a text, each without its semicolon. Undefined if the text cannot be read, such as an open quote. */
export function statementsIn(text: string): readonly string[] | undefined {
  const statements: string[] = [];
  let from = 0;
  let isEmpty = true;
  for (const token of sqlTokens(text)) {
    if (token === 'unreadable') return undefined;
    if (token.other === ';') {
      if (!isEmpty) statements.push(text.slice(from, token.end - 1).trim());
      [from, isEmpty] = [token.end, true];
    } else isEmpty = false;
  }
  if (!isEmpty) statements.push(text.slice(from).trim());
  return statements;
}

/** The first word, in lower case; undefined if the statement begins with something else, such as a bracket. */
function firstWord(statement: string): string | undefined {
  const [token] = sqlTokens(statement);
  return token === undefined || token === 'unreadable' || token.word === undefined ? undefined : lowered(token.word);
}

/** Statements that begin, end or divide a transaction (PostgreSQL manual, SQL commands). */
const controls = new Set(['abort', 'begin', 'commit', 'end', 'prepare', 'release', 'rollback', 'savepoint', 'start']);

/** The first statement that would begin, end or divide the transaction in which it runs. `prepare` may be one of both kinds. */
export const transactionControl = (statements: readonly string[]): string | undefined =>
  statements.find((one) => controls.has(firstWord(one) ?? ''));
