import { createContext, Script } from 'node:vm';

import { type Millis, millis } from '../core/kernel/units.ts';

/** How much of a body a pattern sees, and how long it may look: some patterns take for ever on some texts. */
export const patternSees = 65_536;
const patternPatience: Millis = millis(20);

const question = new Script('pattern.test(text)');

/**
 * Whether the pattern is found in the text; `undefined` when it took too long to tell. Looking on a leash costs about half
 * a millisecond of CPU, most of it for the thread that holds the leash.
 */
export function patternMatcher(source: string): (text: string) => boolean | undefined {
  const sandbox: { pattern: RegExp; text: string } = { pattern: new RegExp(source, 'u'), text: '' };
  const context = createContext(sandbox);
  return (text) => {
    sandbox.text = text;
    try {
      return question.runInContext(context, { timeout: patternPatience }) === true;
    } catch {
      return undefined;
    } finally {
      sandbox.text = '';
    }
  };
}
