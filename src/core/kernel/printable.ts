/**
 * What acts on a terminal, or turns the direction of writing, instead of being read: control characters (C0 but for the line
 * end, C1, delete), line and paragraph separators, and the marks, overrides and isolates of direction.
 */
const acting = /[^\P{Cc}\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** As it can be shown to a person: texts come from the database, from servers and from people. Line ends stay. */
export const printable = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(acting, ' ');

/** The same JSON in characters that can be shown: whoever parses it reads the text as it was. */
export const escapedJson = (json: string): string =>
  json.replaceAll(acting, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
