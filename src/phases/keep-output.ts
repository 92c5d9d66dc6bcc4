import { hideIn, withoutSecrets } from './without-secrets.ts';

export type OutputStream = 'stdout' | 'stderr';

/** The end of a command's output, both streams in the order of arrival. */
export interface KeptOutput {
  add(chunk: Buffer, stream: OutputStream): void;
  /** The last bytes so far, without secrets, from a whole character on. A possible beginning of a secret is left out. */
  soFar(): string;
  /** The last bytes, without secrets, from a whole character on. Nothing can be added afterwards. */
  end(): string;
}

function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - most);
  while (from > 0 && ((bytes[from] ?? 0) & 0b1100_0000) === 0b1000_0000) from++; // inside a UTF-8 character
  return bytes.toString('utf8', from);
}

export function keepOutput(most: number, secrets: readonly string[]): KeptOutput {
  const reader = () => ({ decoder: new TextDecoder(), filter: withoutSecrets(secrets) });
  const readers = { stdout: reader(), stderr: reader() };
  let kept = '';
  // Hide in the whole text again: in chunks, only a secret in its literal form is found.
  const shown = () => lastBytes(hideIn(kept, secrets), most);
  return {
    add(chunk, stream) {
      const { decoder, filter } = readers[stream];
      kept += filter.push(decoder.decode(chunk, { stream: true }));
      if (kept.length > 2 * most) kept = lastBytes(kept, most); // not for each chunk, because it copies
    },
    soFar: shown,
    end() {
      for (const { decoder, filter } of Object.values(readers)) kept += filter.push(decoder.decode()) + filter.end();
      return shown();
    },
  };
}
