import { RipcordError } from '../kernel/errors.ts';
import type { Objection } from './fault.ts';
import { shortestSecret } from '../kernel/secret-forms.ts';
import {
  describe,
  isFilePlace,
  isOpenPlace,
  isSecretPlace,
  isWholeSecret,
  passwordsIn,
  secretsInHeader,
} from './shown.ts';
import { isMapping, type Path, pathKey, sayPath } from './tree.ts';

/** Where a plan's secrets come from. They are arguments, so that parsing is a pure function. */
export interface Sources {
  /** The environment to run in. If absent, the only one in the plan, or none. */
  readonly environment?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Returns the file's text, or why it cannot be read; undefined if there is no file. The path is as the plan has it. */
  readonly readFile: (path: string) => string | { readonly because: string } | undefined;
  /** Placeholders without a value and `_file` keys stay as written: for a plan that is inspected, not run. */
  readonly unfilled?: boolean;
}

export interface Expanded {
  readonly tree: unknown;
  readonly objections: readonly Objection[];
  readonly secrets: readonly string[];
  /** Secrets that cannot be hidden, one sentence each. */
  readonly warnings: readonly string[];
  /** The values of placeholders in places that need no hiding: names and lengths. */
  readonly settings: Readonly<Record<string, string>>;
  /** The environment to run in, if one was named or there is only one. */
  readonly chosen?: string;
  /** For a value from a `_file`: the path of that key in the text, by the path key of the value. */
  readonly twins: ReadonlyMap<string, Path>;
}

const placeholder = /\$?\$\{env:([^}]*)\}?/g;

/** The keys of a step whose text is used when it runs. Other values, such as ids and durations, are needed when parsing. */
const used = [
  'command',
  'directory',
  'env',
  'sql',
  'url',
  'headers',
  'body',
  'tcp',
  'value',
  'rows',
  'title',
  'confirm',
];

/** The text of steps keeps its placeholders: procedures are journalled and shown, and must contain no secret. */
function isFilledInLater(path: Path): boolean {
  const [section, , part, ...rest] = path;
  if (section === 'phases' && part === 'apply') return true;
  const isProcedure =
    (section === 'phases' && part === 'rollback') || (section === 'environments' && part === 'restore');
  return isProcedure && rest.some((key) => used.includes(String(key)));
}

/** Substitutes the placeholders of a text that is about to be used. Throws PlaceholderUnset if one has no value. */
export const fillIn = (text: string, env: Sources['env']): string =>
  text.replaceAll(placeholder, (all, name: string) => {
    if (all.startsWith('$$')) return all.slice(1);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) throw new PlaceholderUnset(name);
    return value;
  });

export class PlaceholderUnset extends RipcordError {
  constructor(name: string) {
    super({
      found: `environment variable ${name} is not set`,
      wanted: `its value, for \${env:${name}} in the plan`,
      todo: 'Set it where Ripcord runs, then restart Ripcord',
    });
  }
}
const suffix = '_file';

/**
 * Expands `${env:NAME}` and `*_file`, except in environments that were not chosen, where the text stays, and in the text of
 * steps, which is checked and then left for `fillIn`. `$${env:` is an escaped `${env:`; any other `$$` stays, because SQL
 * quotes with it.
 */
class Expansion {
  readonly objections: Objection[] = [];
  readonly secrets = new Set<string>();
  readonly warnings = new Set<string>();
  readonly settings = new Map<string, string>();
  readonly twins = new Map<string, Path>();
  readonly #chosen: string | undefined;
  readonly #sources: Sources;
  constructor(chosen: string | undefined, sources: Sources) {
    this.#chosen = chosen;
    this.#sources = sources;
  }

  value(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return this.#string(value, path);
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, [...path, index]));
    if (!isMapping(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => this.#entry(value, key, item, path)));
  }

  #entry(mapping: object, key: string, item: unknown, path: Path): readonly [string, unknown] {
    const own = [...path, key];
    const plain = key.slice(0, -suffix.length);
    if (!key.endsWith(suffix) || !isFilePlace([...path, plain])) return [key, this.value(item, own)];
    this.twins.set(pathKey([...path, plain]), own);
    if (Object.hasOwn(mapping, plain)) this.#object(own, 'key', `${plain} and ${key}`, 'one of them');
    return [plain, this.#collect(this.#file(item, own, isSecretPlace([...path, plain])), own)];
  }

  #string(text: string, path: Path): string {
    const header = path.at(-2) === 'headers' ? String(path.at(-1)) : undefined;
    if (this.#isPostponed(path)) return this.#collect(text, path, header);
    const filled = this.#collect(this.#text(text, path), path, header);
    return isFilledInLater(path) ? text : filled;
  }

  #text(text: string, path: Path): string {
    return text.replaceAll(placeholder, (all, name: string, at: number) => {
      if (all.startsWith('$$')) return all.slice(1);
      if (!/^[A-Za-z_]\w*$/.test(name) || !all.endsWith('}')) {
        this.#object(path, 'value', 'a broken placeholder', '${env:NAME}');
        return all;
      }
      const value = Object.hasOwn(this.#sources.env, name) ? this.#sources.env[name] : undefined;
      if (value === undefined && this.#sources.unfilled === true) return all;
      if (value === undefined) {
        this.#object(path, 'value', `environment variable ${name} is not set`, 'a value where Ripcord runs');
        return all;
      }
      if (isOpenPlace(path)) {
        this.settings.set(name, value);
        return value;
      }
      this.secrets.add(value);
      const isPort = text.charAt(at - 1) === ':' && /^\d+$/.test(value);
      if (!isPort) this.#noteShort(path, `environment variable ${name}`, value);
      return value;
    });
  }

  /** A secret this short occurs in many words, so it cannot be removed from server messages. */
  #noteShort(path: Path, what: string, value: string): void {
    if (value === '' || value.length >= shortestSecret) return;
    this.warnings.add(
      `${sayPath(path)}: ${what} has fewer than ${shortestSecret} characters, so it is not hidden where a server repeats it; use a longer secret`,
    );
  }

  #file(item: unknown, path: Path, secret: boolean): unknown {
    if (typeof item !== 'string' || item === '') {
      this.#object(path, 'value', describe(item, path), 'the path of a file');
      return undefined;
    }
    if (this.#isPostponed(path) || this.#sources.unfilled === true) return `\${file:${item}}`;
    const read = this.#sources.readFile(this.#text(item, path));
    if (typeof read !== 'string') {
      const at = describe(item, path);
      const found = read === undefined ? `no file at ${at}` : `a file at ${at} that cannot be read: ${read.because}`;
      this.#object(path, 'value', found, 'a file with the value');
      return undefined;
    }
    const value = read.replace(/\r?\n$/, '');
    if (secret) {
      this.secrets.add(value);
      this.#noteShort(path, 'the secret in the file', value);
    }
    return value;
  }

  #collect<Value>(value: Value, path: Path, header?: string): Value {
    if (typeof value !== 'string') return value;
    for (const password of passwordsIn(value)) {
      this.secrets.add(password);
      if (!this.#isPostponed(path)) this.#noteShort(path, 'the password in the address', password);
    }
    if (isWholeSecret(path)) {
      this.secrets.add(value);
      this.#noteShort(path, 'the secret', value);
    }
    if (header !== undefined) for (const secret of secretsInHeader(header, value)) this.secrets.add(secret);
    return value;
  }

  #isPostponed(path: Path): boolean {
    return path[0] === 'environments' && path[1] !== this.#chosen;
  }

  #object(path: Path, at: 'key' | 'value', found: string, wanted: string): void {
    this.objections.push({ path, at, found, wanted });
  }
}

export function expand(tree: unknown, sources: Sources): Expanded {
  const all = isMapping(tree) && isMapping(tree.environments) ? Object.keys(tree.environments) : [];
  const chosen = sources.environment ?? (all.length === 1 ? all[0] : undefined);
  const expansion = new Expansion(chosen, sources);
  const expanded = expansion.value(tree, []);
  if (chosen !== undefined && all.length > 0 && !all.includes(chosen)) {
    const found = `no environment ${JSON.stringify(chosen)}`;
    const wanted = all.length === 1 ? String(all[0]) : `one of ${all.join(', ')}`;
    expansion.objections.push({ path: ['environments'], at: 'key', found, wanted });
  }
  const { objections, twins } = expansion;
  const secrets = [...expansion.secrets].filter((secret) => secret !== '');
  const warnings = [...expansion.warnings];
  // A value that is a secret elsewhere in the plan must not be recorded as a setting.
  const settings = Object.fromEntries([...expansion.settings].filter(([, value]) => !expansion.secrets.has(value)));
  return { tree: expanded, objections, twins, secrets, warnings, settings, ...(chosen !== undefined && { chosen }) };
}
