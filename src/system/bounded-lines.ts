import type { Writable } from 'node:stream';

/** The rest of a log that nobody reads would fill the memory. */
const mostUnread = 1_000_000;

/** Told in the form of the log's own lines. */
function sayDropped(dropped: number): string {
  const msg = `${dropped} lines of the log were dropped, because nobody read it`;
  return `${JSON.stringify({ level: 40, time: new Date().toISOString(), dropped, msg })}\n`;
}

/**
 * Writes lines to a stream whose reader may be stuck, such as a paused pager or a log driver that hangs. Keeps at most
 * `mostUnread` characters for the reader, drops further lines, and says how many once it reads again.
 */
export function boundedLines(stream: Writable): (line: string) => void {
  let dropped = 0;
  const tell = () => {
    const told = dropped;
    dropped = 0;
    stream.write(sayDropped(told));
  };
  return (line) => {
    if (dropped === 0 && stream.writableLength + line.length <= mostUnread) {
      stream.write(line);
      return;
    }
    if (dropped === 0) stream.once('drain', tell);
    dropped += 1;
  };
}
