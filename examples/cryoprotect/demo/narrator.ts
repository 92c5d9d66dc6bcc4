import { styleText } from 'node:util';

/** Prints what happens, with the time since the start. */
export interface Narrator {
  act(title: string): void;
  say(text: string): void;
  /** An expected fact that holds. */
  proved(text: string): void;
  /** A command as the reader could type it. */
  command(words: string): void;
  quote(text: string): void;
  /** Shows progress during a wait. */
  waiting(text: string): { readonly tick: (now: string) => void; readonly done: (text: string) => void };
}

export function createNarrator(out: NodeJS.WriteStream = process.stdout): Narrator {
  const began = performance.now();
  const colours = out.isTTY && out.hasColors() && process.env.NO_COLOR === undefined;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const time = () => paint('dim', `${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s `);
  const line = (text: string) => void out.write(`${text}\n`);
  const margin = ' '.repeat(9);
  let acts = 0;
  return {
    act: (title) => line(`\n${paint('bold', `${++acts}. ${title}`)}`),
    say: (text) => line(`${time()} ${text}`),
    proved: (text) => line(`${time()} ${paint('green', '✓')} ${text}`),
    command: (words) => line(`${time()} ${paint('cyan', `$ ${words}`)}`),
    quote(text) {
      for (const one of text.trimEnd().split('\n')) line(`${margin}${paint('dim', '│')} ${one}`);
    },
    waiting(text) {
      const say = (more: string) => `${time()} ${text} ${more}`;
      let last = '';
      return {
        tick(now) {
          last = now;
          if (out.isTTY) out.write(`\r\u001B[2K${say(now)}`);
        },
        done(ending) {
          if (out.isTTY) out.write('\r\u001B[2K');
          line(say(ending === '' ? last : ending));
        },
      };
    },
  };
}
