/** Writes whole numbers and texts. A number takes 7 bits per byte, lowest first; the 8th bit says that more follow (LEB128). */
export interface ByteSink {
  /** From 0 to 2^53 - 1; throws RangeError for any other. */
  number(value: number): void;
  /** Its length in bytes, then UTF-8. */
  text(value: string): void;
  bytes(): Uint8Array;
}

/** Reads them back; throws RangeError if the bytes end too early or form no number. */
export interface ByteSource {
  readonly done: boolean;
  number(): number;
  text(): string;
}

export function byteSink(): ByteSink {
  const bytes: number[] = [];
  const number = (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a whole number from 0`);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  return {
    number,
    text(value) {
      const encoded = new TextEncoder().encode(value);
      number(encoded.length);
      for (const byte of encoded) bytes.push(byte);
    },
    bytes: () => Uint8Array.from(bytes),
  };
}

export function byteSource(bytes: Uint8Array): ByteSource {
  let next = 0;
  const number = () => {
    for (let value = 0, place = 1; ; place *= 128) {
      const byte = bytes[next++];
      if (byte === undefined) throw new RangeError('the bytes end within a number');
      value += (byte % 128) * place;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('the number is too large');
      if (byte < 128) return value;
    }
  };
  return {
    get done() {
      return next >= bytes.length;
    },
    number,
    text() {
      const end = number() + next;
      if (end > bytes.length) throw new RangeError('the bytes end within a text');
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(next, end));
      next = end;
      return text;
    },
  };
}
