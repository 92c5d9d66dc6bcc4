export const resultsFile: string;
/** `N passed, N failed`, with `, N skipped` where there were any. */
export function sayResults(): string;
