export const resultsFile: string;
export const failedStepsFile: string;
/** Each failure on a line of its own, then `N passed, N failed`, with `, N skipped` where there were any. */
export function sayResults(): string;
export function hasFailures(file: string): boolean;
