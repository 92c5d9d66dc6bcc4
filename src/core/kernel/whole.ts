/**
 * A whole number for people: `1,204`. `toLocaleString` would load locale data at its first call and create a formatter at
 * each call.
 */
export const sayWhole = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
