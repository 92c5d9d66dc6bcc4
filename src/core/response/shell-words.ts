/** What a shell makes of a word only when it runs: no file is known by it before. */
export type Unknown = 'glob' | 'variable' | 'command substitution';

/** A word of a shell's line as the shell would have it: without quotes, and with the variables that are known put in. */
export interface ShellWord {
  readonly text: string;
  /** As the line has it. */
  readonly raw: string;
  /** It stands after `>`: the line writes to it. */
  readonly isWritten: boolean;
  readonly unknown: readonly Unknown[];
}

/** What a variable stands for, and whether that is known before the line runs, or can be no file. */
export type Known = (name: string) => { readonly text: string; readonly isKnown: boolean };

/** POSIX, "Shell Command Language". A placeholder of the plan is put in before the shell sees it. */
const common =
  /(?<placeholder>\$\{env:[^}]*\})|\$(?:\{(?<braced>[^}]*)\}|(?<name>[A-Za-z_]\w*|[\d@*#?$!-]))|(?<substitution>\$\(|`)/;
const outside = new RegExp(
  `\\\\(?<escaped>[^])|'(?<single>[^']*)'?|(?<double>")|${common.source}|(?<between>[\\s;|&()<>])|(?<other>[^])`,
  'y',
);
const inside = new RegExp(`\\\\(?<escaped>["\\\\$\`])|(?<double>")|${common.source}|(?<quoted>[^])`, 'y');

const isGlob = /[*?]|\[[^\]]+\]|\{[^}]*,[^}]*\}/;
const isName = /^(?:[A-Za-z_]\w*|[\d@*#?$!-])$/;

class LineReader {
  readonly words: ShellWord[] = [];
  readonly #known: Known;
  #text: string | undefined;
  /** The word's characters that the shell may give a meaning; an `x` for each that is quoted. */
  #bare = '';
  #raw = '';
  #unknown = new Set<Unknown>();
  #isWritten = false;
  #isQuoted = false;
  constructor(known: Known) {
    this.#known = known;
  }

  read(line: string): readonly ShellWord[] {
    for (let at = 0; at < line.length;) {
      const part = this.#isQuoted ? inside : outside;
      part.lastIndex = at;
      const { groups = {} } = part.exec(line) ?? {};
      if (groups['between'] === undefined) this.#raw += line.slice(at, part.lastIndex);
      at = part.lastIndex;
      this.#take(groups);
    }
    this.#end();
    return this.words;
  }

  #take({ escaped, single, double, placeholder, braced, name, substitution, between, quoted, other }: Groups): void {
    if (double !== undefined) {
      this.#isQuoted = !this.#isQuoted;
      this.#add('', '');
    } else if (substitution !== undefined) {
      this.#unknown.add('command substitution');
      this.#add('', '');
      if (!this.#isQuoted) this.#end();
    } else if (between !== undefined) {
      this.#end();
      if (between.trim() !== '' && between !== '&') this.#isWritten = between === '>';
    } else if (braced !== undefined || name !== undefined) this.#variable(braced ?? name ?? '');
    else if (other === undefined) this.#add(escaped ?? single ?? placeholder ?? quoted ?? '', 'x');
    else this.#add(other, other);
  }

  #variable(name: string): void {
    const { text, isKnown } = isName.test(name) ? this.#known(name) : { text: `\${${name}}`, isKnown: false };
    if (!isKnown) this.#unknown.add('variable');
    this.#add(text, 'x');
  }

  #add(text: string, bare: string): void {
    this.#text = `${this.#text ?? ''}${text}`;
    this.#bare += bare;
  }

  #end(): void {
    if (this.#text === undefined) return;
    if (isGlob.test(this.#bare)) this.#unknown.add('glob');
    const text = this.#bare.startsWith('~/') ? `${this.#known('HOME').text}${this.#text.slice(1)}` : this.#text;
    this.words.push({ text, raw: this.#raw, isWritten: this.#isWritten, unknown: [...this.#unknown] });
    [this.#text, this.#bare, this.#raw, this.#isWritten] = [undefined, '', '', false];
    this.#unknown = new Set();
  }
}

type Groups = Readonly<Record<string, string | undefined>>;

/** Never fails: a line that no shell would take is read as far as it goes. */
export const shellWords = (line: string, known: Known): readonly ShellWord[] => new LineReader(known).read(line);
