/**
 * Quotes a name as an SQL identifier, whatever it contains. Every name that Ripcord puts into a statement passes
 * through here.
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new TypeError('an SQL identifier must not be empty or contain a zero byte');
  return `"${name.replaceAll('"', '""')}"`;
}
