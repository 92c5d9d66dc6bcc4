import { hideIn, withoutSecrets } from './without-secrets.ts';

export type OutputStream = 'stdout' | 'stderr';

/** The end of what a command wrote, both streams as they came. */
export interface KeptOutput {
  add(chunk: Buffer, stream: OutputStream): void;
  /** The last bytes so far, without secrets and beginning with a whole character. What may become a secret is left out. */
  soFar(): string;
  /** The last bytes, without secrets and beginning with a whole character. Nothing can be added afterwards. */
  end(): string;
}

function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - most);
  while (from > 0 && ((bytes[from] ?? 0) & 0b1100_0000) === 0b1000_0000) from++; // within a character of UTF-8
  return bytes.toString('utf8', from);
}

export function keepOutput(most: number, secrets: readonly string[]): KeptOutput {
  const reader = () => ({ decoder: new TextDecoder(), filter: withoutSecrets(secrets) });
  const readers = { stdout: reader(), stderr: reader() };
  let kept = '';
  // Once more as a whole: a piece at a time, only what is written just so is found.
  const shown = () => lastBytes(hideIn(kept, secrets), most);
  return {
    add(chunk, stream) {
      const { decoder, filter } = readers[stream];
      kept += filter.push(decoder.decode(chunk, { stream: true }));
      if (kept.length > 2 * most) kept = lastBytes(kept, most); // not at each chunk: it copies
    },
    soFar: shown,
    end() {
      for (const { decoder, filter } of Object.values(readers)) kept += filter.push(decoder.decode()) + filter.end();
      return shown();
    },
  };
}
