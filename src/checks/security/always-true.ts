/** Any role chooses the text of its policies. Beyond these limits the guard, which has one thread, does not read on. */
export const mostDeep = 200;
export const mostLong = 100_000;

const operators = [' OR ', ' AND ', 'NOT ', ' = ', ' <> ', ' >= ', ' <= ', ' > ', ' < '] as const;
type Operator = (typeof operators)[number];

/** A part of the text. `level`: what stands between its brackets. `operator`: the only kind of text that means something. */
interface Token {
  readonly from: number;
  to: number;
  readonly operator?: Operator;
  readonly level?: readonly Token[];
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

/** The end of what is quoted from here on. A doubled quote ends one quoted part and begins the next. */
function endOfQuoted(text: string, from: number): number {
  const end = text.indexOf(text.charAt(from), from + 1);
  return end < 0 ? text.length : end + 1;
}

/** Reads the text once, from the left. Undefined if its brackets do not match. */
function levelsOf(text: string): readonly Token[] | 'too long' | undefined {
  if (text.length > mostLong) return 'too long';
  let level: Token[] = [];
  const around: { readonly level: Token[]; readonly from: number }[] = [];
  for (let at = 0; at < text.length;) {
    const one = text.charAt(at);
    const operator = operators.find((word) => text.startsWith(word, at));
    const [from, before] = [at, level.at(-1)];
    at += operator?.length ?? 1;
    if (one === "'" || one === '"') level.push({ from, to: (at = endOfQuoted(text, from)) });
    else if (one in closing) {
      around.push({ level, from });
      if (around.length > mostDeep) return 'too long';
      level = [];
    } else if (one === ')' || one === ']') {
      const outer = around.pop();
      if (outer === undefined || closing[text.charAt(outer.from)] !== one) return undefined;
      outer.level.push({ from: outer.from, to: at, level });
      level = outer.level;
    } else if (operator !== undefined) level.push({ from, to: at, operator });
    else if (before?.to === from && before.operator === undefined && before.level === undefined) before.to = at;
    else level.push({ from, to: at });
  }
  return around.length === 0 ? level : undefined;
}

type Part = readonly Token[];
const textOf = (text: string, part: Part): string => text.slice(part[0]?.from ?? 0, part.at(-1)?.to ?? 0).trim();

/** The part without parentheses that enclose all of it. */
function bare(text: string, part: Part): Part {
  const told = part.filter(({ from, to, level }) => level !== undefined || text.slice(from, to).trim() !== '');
  const [only, ...more] = told;
  return only?.level === undefined || more.length > 0 || text.charAt(only.from) !== '(' ? told : bare(text, only.level);
}

/** The operands of an operator at the outermost level of the part; undefined if there is none. */
function operands(part: Part, operator: Operator): readonly Part[] | undefined {
  const found: Token[][] = [[]];
  for (const token of part) {
    if (token.operator === operator) found.push([]);
    else found.at(-1)?.push(token);
  }
  return found.length === 1 ? undefined : found;
}

const comparisons: Readonly<Partial<Record<Operator, (a: number, b: number) => boolean>>> = {
  ' = ': (a, b) => a === b,
  ' <> ': (a, b) => a !== b,
  ' >= ': (a, b) => a >= b,
  ' <= ': (a, b) => a <= b,
  ' > ': (a, b) => a > b,
  ' < ': (a, b) => a < b,
};
const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

/** Compares two numbers, or an expression with itself, which is untrue only for null. */
function compares(text: string, part: Part): boolean | undefined {
  const compared = part.filter(({ operator }) => operator !== undefined && comparisons[operator] !== undefined);
  const operator = compared[0]?.operator;
  const holds = operator && comparisons[operator];
  if (operator === undefined || holds === undefined || compared.length > 1) return undefined;
  const [left = '', right = ''] = operands(part, operator)?.map((one) => textOf(text, bare(text, one))) ?? [];
  if (isNumber(left) && isNumber(right)) return holds(Number(left), Number(right));
  return left === right && holds(0, 0) ? true : undefined;
}

function valueOf(text: string, whole: Part): boolean | undefined {
  const part = bare(text, whole);
  const either = operands(part, ' OR ')?.map((one) => valueOf(text, one));
  if (either !== undefined) {
    if (either.includes(true)) return true;
    return either.includes(undefined) ? undefined : false;
  }
  const both = operands(part, ' AND ')?.map((one) => valueOf(text, one));
  if (both !== undefined) {
    if (both.includes(false)) return false;
    return both.includes(undefined) ? undefined : true;
  }
  const negated = part.findIndex(({ operator }) => operator !== 'NOT ');
  if (negated > 0) {
    const value = valueOf(text, part.slice(negated));
    return value === undefined ? undefined : value === (negated % 2 === 0);
  }
  const said = textOf(text, part);
  return said === 'true' || said === 'false' ? said === 'true' : compares(text, part);
}

/**
 * The constant value of an expression as PostgreSQL prints it; undefined if it depends on the row or is not cheap to
 * decide; `too long` if it goes beyond the limits.
 */
export function constant(expression: string): boolean | 'too long' | undefined {
  const levels = levelsOf(expression);
  return levels === undefined || levels === 'too long' ? levels : valueOf(expression, levels);
}
