import type { RunView } from '../../core/run/view.ts';
import type { Verdict } from '../../core/verdicts/verdict.ts';
import type { Cell, Row } from '../layout.ts';
import type { Tone } from '../terminal.ts';

type CriterionView = RunView['criteria'][number];

const shown: Readonly<Record<CriterionView['status'], readonly [string, Tone]>> = {
  ok: ['ok', 'good'],
  unknown: ['unknown', 'warn'],
  error: ['check broken', 'bad'],
  breach: ['breach', 'bad'],
  'not-asked': ['not checked', 'quiet'],
};

/** Enough to see the subject; `--json` has everything. */
const most = 4;

/** Worst first. Omits what is well without reservation. */
function rank({ status, warning, because }: Verdict): number | undefined {
  if (status !== 'ok') return ['breach', 'error', 'unknown'].indexOf(status);
  if (warning) return 3;
  return because === 'known' ? 4 : undefined;
}

const lineOf = ({ status, warning, summary }: Verdict): Cell => {
  if (warning) return { text: `warning: ${summary}`, tone: 'warn' };
  return { text: summary, tone: status === 'breach' || status === 'error' ? 'bad' : 'plain' };
};

function rowsOf({ criterion, status }: CriterionView, verdicts: readonly Verdict[]): readonly Row[] {
  const mine = verdicts.filter((verdict) => verdict.criterion === criterion);
  const telling = mine
    .map((verdict) => ({ verdict, rank: rank(verdict) ?? Infinity }))
    .filter((one) => one.rank !== Infinity)
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ verdict }) => verdict);
  const hidden = telling.length - most;
  const well = status === 'ok' ? `${mine.length} of ${mine.length} well` : '';
  const lines: readonly Cell[] = [
    ...telling.slice(0, most).map(lineOf),
    ...(hidden > 0 ? [{ text: `and ${hidden} more: ripcord run status --json`, tone: 'quiet' } as const] : []),
    ...(telling.length === 0 ? [{ text: well, tone: 'quiet' } as const] : []),
  ];
  const [word, tone] = shown[status];
  return lines.map((line, at): Row => (at === 0 ? [criterion, { text: word, tone }, line] : ['', '', line]));
}

/** The five criteria, each with what is not well about it. */
export const criteriaRows = ({ criteria, verdicts }: RunView): readonly Row[] =>
  criteria.flatMap((criterion) => rowsOf(criterion, verdicts));
