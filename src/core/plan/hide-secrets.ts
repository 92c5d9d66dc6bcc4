import { type Hide, hidingDocuments } from '../kernel/hide-document.ts';
import { type HideText, hidingText } from '../kernel/hide-text.ts';

/**
 * Keys of names and hashes that are used for lookup and comparison: the plan's own ids, ids that Ripcord generates, and
 * machine identities. No text from a server has one of these keys. `lift` is a statement that is executed.
 */
const names: ReadonlySet<string> = new Set(
  [
    'type kind state status criterion trigger how extent answer outcome consequence',
    'run phase phases probe probes check step id subject by role environment',
    'recommendation rollback preApproval requirement attributedTo orderedBy unanswered',
    'hash planHash procedureHash phasesHash prev fingerprint statement file lift',
    'system database host tag bootId startTicks token_hash',
  ].flatMap((line) => line.split(' ')),
);
/** Keys of objects whose own keys servers and people choose. */
const data: ReadonlySet<string> = new Set(['schema', 'seen', 'rows', 'headers', 'env', 'body']);

/** The journal's procedures are executed, so they stay as the plan has them: with placeholders, which `validate` enforces. */
const carriedOut: ReadonlySet<string> = new Set(['procedure']);

/** The single place that hides secrets, built once from the loaded plan. */
export interface Hiding {
  /** For a text. */
  readonly text: HideText;
  /** For data that is about to be judged, stored or compared. */
  readonly kept: Hide;
  /** For data that is shown: also hides in procedures. */
  readonly shown: Hide;
}

const asItIs: Hide = (value) => value;

export function hideSecrets(secrets: readonly string[]): Hiding {
  const text = hidingText(secrets);
  const isIdle = secrets.length === 0;
  return {
    text,
    kept: isIdle ? asItIs : hidingDocuments(text, { names, data, whole: carriedOut }),
    shown: isIdle ? asItIs : hidingDocuments(text, { names, data }),
  };
}

export const hidesNothing: Hiding = hideSecrets([]);
