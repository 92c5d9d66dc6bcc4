import { createContext, Script } from 'node:vm';

import { type Millis, millis } from '../core/kernel/units.ts';

/** Limits on input and time: some patterns take practically forever on some texts. */
export const patternSees = 65_536;
const patternPatience: Millis = millis(20);

const question = new Script('pattern.test(text)');

/**
 * Tests whether the pattern matches the text; `undefined` means that it took too long. The time limit costs about half a
 * millisecond of CPU, most of it for the watchdog thread.
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
