import { baselineOf } from '../core/evidence/baseline.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { firstUpper } from '../core/kernel/sentence.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Verdict } from '../core/verdicts/verdict.ts';
import { blocks, bold, code, type Inline, joined, list, type Markdown, line, table } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import type { Chapter, Story } from './story.ts';
import { counted, sentence } from './wording.ts';

function row({ criterion, subject, facts }: Verdict): readonly Inline[] {
  const { rule, was, is, ratio, readings, since } = facts;
  return [
    firstUpper(criterion),
    subject,
    rule,
    was ?? '',
    is ?? '',
    ratio === undefined ? '' : `${ratio}x`,
    readings ?? '',
    since === undefined ? '' : sayMoment(since).slice(0, 19),
  ];
}

/** The data behind the probe's baseline, and how the probe answered just before the phase. */
function sayProbe(story: Story, { recommendation: { attributedTo }, phases }: Chapter, { subject }: Verdict): string {
  const probe = baselineOf(story.state.baseline?.baseline, probeId(subject));
  const boundary = phases.find(({ phase }) => phase === attributedTo)?.boundary;
  const before = boundary?.probes.find((one) => one.probe === subject)?.p50;
  const { p50, p95 } = probe ?? {};
  const parts = [
    ...(probe === undefined || p50 === undefined
      ? []
      : [
          `Its baseline: median ${sayDuration(p50)}${p95 === undefined ? '' : `, 95th percentile ${sayDuration(p95)}`}, from ${counted(probe.latencies.length, 'answer')} and ${counted(probe.failed, 'failure')}.`,
        ]),
    ...(before === undefined ? [] : [`Median just before ${attributedTo}: ${sayDuration(before)}.`]),
  ];
  return parts.join(' ');
}

function told(story: Story, chapter: Chapter): Markdown {
  const { id, evidence } = chapter.recommendation;
  const sentences = evidence.map((verdict) => {
    const probe = verdict.criterion === 'performance' ? sayProbe(story, chapter, verdict) : '';
    return joined([line`${bold(firstUpper(verdict.criterion))}: ${sentence(verdict.summary)}`, probe]);
  });
  return blocks(
    line`Decision ${code(id)}:`,
    table(['Criterion', 'Of what', 'Rule', 'Before', 'Then', 'Ratio', 'Readings', 'Since (UTC)'], evidence.map(row)),
    list(sentences),
  );
}

function sayBaseline({ state: { baseline } }: Story): Markdown {
  if (baseline === undefined) return line`There was no baseline.`;
  const { from, to } = baseline.baseline;
  return line`The baseline was read from ${sayMoment(from)} to ${sayMoment(to)} and frozen as ${code(baseline.hash)}.`;
}

const intro = line`“Before” is the baseline or the estimate. “Then” is what was measured when the rollback was recommended. The ratio is “then” divided by “before”, from the unrounded numbers.`;

/** The evidence for each recommendation, in enough detail to recompute it. */
export function evidenceSection(story: Story): Markdown | undefined {
  const section = perChapter(story, 'Evidence', (chapter) => told(story, chapter), intro);
  return section === undefined ? undefined : blocks(section, sayBaseline(story));
}
