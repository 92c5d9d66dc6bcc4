import { escapedJson, printable } from '../kernel/printable.ts';

/**
 * A text as a value in YAML: no character of it can end the value, and none begins a placeholder, which would read a
 * variable of whoever runs the plan.
 */
export const yamlValue = (text: string): string =>
  escapedJson(JSON.stringify(text.replaceAll('${env:', (begun) => `$${begun}`)));

/** A text within a comment of YAML: one line of it. */
export const yamlComment = (text: string): string => printable(text).replaceAll(/\s+/g, ' ');
