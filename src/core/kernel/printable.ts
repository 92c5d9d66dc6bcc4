/**
 * Characters that control a terminal or the direction of writing: control characters (C0 except the line end, C1, delete),
 * line and paragraph separators, and directional marks, overrides and isolates.
 */
const acting = /[^\P{Cc}\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A text that is safe to show: texts come from the database, from servers and from people. Line ends stay. */
export const printable = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(acting, ' ');

/** The same JSON with control characters escaped; parsing it gives the original text. */
export const escapedJson = (json: string): string =>
  json.replaceAll(acting, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
