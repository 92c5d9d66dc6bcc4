import { sayMoment } from '../core/kernel/duration.ts';
import { blocks, code, heading, list, type Markdown, line } from './markdown.ts';
import { entriesOf, type Story } from './story.ts';
import { counted } from './wording.ts';

/** The end of the record that this report is computed from, and how to check the record. */
export function chainSection(story: Story): Markdown {
  const { entries, state, now, plan } = story;
  const last = entries.at(-1);
  const opened = entriesOf(story, 'run-opened')[0]?.event.plan.hash;
  const changed = opened !== undefined && opened !== state.plan.hash;
  return blocks(
    heading(2, 'How to check this report'),
    line`Everything above is computed from ${counted(entries.length, 'entry', 'entries')} of the run’s hash-chained journal, the plan’s text among them, and from nothing else.`,
    list([
      line`Last entry: ${last?.seq ?? 0}, ${code(last?.hash ?? '')}.`,
      line`Verify the chain: ${code('ripcord journal verify')} recomputes every hash; entry ${last?.seq ?? 0} of run ${code(state.run)} must still have this one.`,
      line`Plan: ${code(plan.name)}, ${code(state.plan.hash)}${changed ? line`; the run was opened with ${code(opened)}, so the plan was changed during the run` : ''}.`,
      line`Written at ${sayMoment(now)}.`,
    ]),
  );
}
