import { type Hide, hidingDocuments } from '../kernel/hide-document.ts';
import { type HideText, hidingText } from '../kernel/hide-text.ts';

/**
 * Where names and hashes stand, by which things are found again and compared: the plan's own ids, what Ripcord makes up, and
 * how machines call themselves. No server's words are under these keys. `lift` is a statement that is run.
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
/** What servers and people name as they like. */
const data: ReadonlySet<string> = new Set(['schema', 'seen', 'rows', 'headers', 'env', 'body']);

/** What is carried out from the journal must stand there as the plan has it: with placeholders, which `validate` sees to. */
const carriedOut: ReadonlySet<string> = new Set(['procedure']);

/** The one place that hides secrets, made once from the plan that was loaded. */
export interface Hiding {
  /** In a text. */
  readonly text: HideText;
  /** In what is about to be judged, stored or compared. */
  readonly kept: Hide;
  /** In what is shown to somebody: in the procedures, too. */
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
