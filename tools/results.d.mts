export const resultsFile: string;
/** Each failure on a line of its own, then `N passed, N failed`, with `, N skipped` where there were any. */
export function sayResults(): string;
