/**
 * A whole number as a person reads it: `1,204`. Not `toLocaleString`, which loads the languages of the world at its first
 * call and makes a formatter at each.
 */
export const sayWhole = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
