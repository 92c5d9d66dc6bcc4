/** A name as an SQL identifier, whatever it contains. Every name that Ripcord puts into a statement goes through here. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new TypeError('an SQL identifier is neither empty nor holds a zero byte');
  return `"${name.replaceAll('"', '""')}"`;
}
