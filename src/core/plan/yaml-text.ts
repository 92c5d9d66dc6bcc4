import { escapedJson, printable } from '../kernel/printable.ts';

/**
 * A text as a YAML value. No character in it can end the value or begin a placeholder, which would read an environment
 * variable of whoever runs the plan.
 */
export const yamlValue = (text: string): string =>
  escapedJson(JSON.stringify(text.replaceAll('${env:', (begun) => `$${begun}`)));

/** A text as one line of a YAML comment. */
export const yamlComment = (text: string): string => printable(text).replaceAll(/\s+/g, ' ');
