/** What a shell expands only when it runs; before that, no file can be derived from it. */
export type Unknown = 'glob' | 'variable' | 'command substitution';

/** A word as the shell would see it: without quotes, and with known variables substituted. */
export interface ShellWord {
  readonly text: string;
  /** As the line writes it. */
  readonly raw: string;
  /** The word follows `>`: the line writes to it. */
  readonly isWritten: boolean;
  readonly unknown: readonly Unknown[];
}

/** The value of a variable, and whether it is known before the line runs or cannot be a file. */
export type Known = (name: string) => { readonly text: string; readonly isKnown: boolean };

/** POSIX, "Shell Command Language". The plan's placeholders are substituted before the shell sees them. */
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
  /** The word's characters that may be special to the shell; `x` replaces each quoted one. */
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

/** Never fails: it reads as much as possible of a line that no shell would accept. */
export const shellWords = (line: string, known: Known): readonly ShellWord[] => new LineReader(known).read(line);
