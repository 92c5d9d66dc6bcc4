/** The operands of an operator at the expression's outermost level; undefined if it is not the outermost operator. */
function parts(text: string, operator: string): readonly string[] | undefined {
  const found: string[] = [];
  let [depth, start, quote] = [0, 0, ''];
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at] ?? '';
    if (quote !== '') quote = one === quote ? '' : quote;
    else if (one === "'" || one === '"') quote = one;
    else if (one === '(' || one === '[') depth += 1;
    else if (one === ')' || one === ']') depth -= 1;
    else if (depth === 0 && text.startsWith(operator, at)) {
      found.push(text.slice(start, at));
      start = at + operator.length;
    }
  }
  return found.length === 0 ? undefined : [...found, text.slice(start)];
}

/** The text without parentheses that enclose all of it. */
function bare(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('(') || !trimmed.endsWith(')')) return trimmed;
  const inner = trimmed.slice(1, -1);
  let depth = 0;
  for (const [, bracket] of inner.replaceAll(/'[^']*'|"[^"]*"/g, '').matchAll(/([()])/g)) {
    depth += bracket === '(' ? 1 : -1;
    if (depth < 0) return trimmed;
  }
  return bare(inner);
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ' = ': (a, b) => a === b,
  ' <> ': (a, b) => a !== b,
  ' >= ': (a, b) => a >= b,
  ' <= ': (a, b) => a <= b,
  ' > ': (a, b) => a > b,
  ' < ': (a, b) => a < b,
};
const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

/** Compares two numbers, or an expression with itself, which is untrue only for null. */
function compares(text: string): boolean | undefined {
  for (const [operator, holds] of Object.entries(comparisons)) {
    const [left, right, ...more] = parts(text, operator)?.map(bare) ?? [];
    if (left === undefined || right === undefined || more.length > 0) continue;
    if (isNumber(left) && isNumber(right)) return holds(Number(left), Number(right));
    if (left === right && holds(0, 0)) return true;
  }
  return undefined;
}

/**
 * The constant value of an expression as PostgreSQL prints it; undefined if it depends on the row or is not cheap to
 * decide.
 */
export function constant(expression: string): boolean | undefined {
  const text = bare(expression);
  if (text === 'true' || text === 'false') return text === 'true';
  const either = parts(text, ' OR ')?.map(constant);
  if (either !== undefined) {
    if (either.includes(true)) return true;
    return either.includes(undefined) ? undefined : false;
  }
  const both = parts(text, ' AND ')?.map(constant);
  if (both !== undefined) {
    if (both.includes(false)) return false;
    return both.includes(undefined) ? undefined : true;
  }
  if (text.startsWith('NOT ')) {
    const negated = constant(text.slice(4));
    return negated === undefined ? undefined : !negated;
  }
  return compares(text);
}
