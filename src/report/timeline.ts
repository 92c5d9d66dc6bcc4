import { sayDuration, sayMoment, sayTime } from '../core/kernel/duration.ts';
import type { RunEvent } from '../core/run/events.ts';
import { blocks, bold, heading, type Inline, type Markdown, line, table } from './markdown.ts';
import { sayEvent } from './say-event.ts';
import { sayShare } from './say-phase.ts';
import type { Story, Told } from './story.ts';
import { and, counted, sentence } from './wording.ts';

/** Consecutive events with the same key become one line; undefined for events that always get their own line. */
function groupKey(event: RunEvent): string | undefined {
  if (event.type === 'phase-progressed') return `${event.type} ${event.phase}`;
  const isGood = event.type === 'finding-changed' && event.finding.status === 'ok';
  return isGood || event.type === 'watch-advanced' ? event.type : undefined;
}

type Group = readonly [Told, ...Told[]];

const sayDay = ({ event }: Told): string => sayMoment(event.at).slice(0, 10);

function grouped(entries: readonly Told[]): readonly Group[] {
  const groups: [Told, ...Told[]][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    const key = groupKey(entry.event);
    const joins =
      key !== undefined && last !== undefined && groupKey(last[0].event) === key && sayDay(last[0]) === sayDay(entry);
    if (joins) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Describes several events in one line. */
function sayGroup(group: Group): string {
  const [first] = group;
  const last = group.at(-1) ?? first;
  if (last === first) return sayEvent(first.event);
  if (first.event.type === 'phase-progressed' && last.event.type === 'phase-progressed') {
    const [from, to] = [sayShare(first.event.fraction), sayShare(last.event.fraction)];
    return `Phase ${first.event.phase} reported progress ${group.length} times, from ${from} to ${to}.`;
  }
  if (last.event.type === 'watch-advanced') {
    return `The watch continued, up to ${sayDuration(last.event.seen)} seen (${counted(group.length, 'record')}).`;
  }
  const checks = group.flatMap(({ event }) => (event.type === 'finding-changed' ? [event.finding.check] : []));
  return sentence(`${counted(checks.length, 'check')} found all well: ${and(checks)}`);
}

/** `12`, or `12 – 26`. */
function span<Value>(first: Value, last: Value, say: (value: Value) => string): string {
  const [from, to] = [say(first), say(last)];
  return from === to ? from : `${from} – ${to}`;
}

function row(group: Group): readonly Inline[] {
  const [first] = group;
  const last = group.at(-1) ?? first;
  return [span(first.seq, last.seq, String), span(first.event.at, last.event.at, sayTime), sayGroup(group)];
}

/** Every entry of the record, in one table for each day. */
export function timelineSection({ entries }: Story): Markdown {
  const groups = grouped(entries);
  const days = [...new Set(groups.map(([first]) => sayDay(first)))];
  const tables = days.flatMap((day) => {
    const rows = groups.filter(([first]) => sayDay(first) === day).map(row);
    return [line`${bold(day)}`, table(['Entry', 'Time (UTC)', 'What happened'], rows)];
  });
  return blocks(heading(2, 'Timeline'), ...tables);
}
