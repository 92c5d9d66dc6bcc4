import { catalogue as declared, catalogueIds } from '../core/plan/catalogue.ts';
import { checks } from './catalogue.ts';
import type { Check } from './check.ts';

const paces = {
  A: 'every 5 s',
  B: 'every 30 s',
  C: 'at the boundaries of phases, and while it is not well every minute between them',
} as const;

const consequences = {
  veto: 'A fault is a breach at once, after one confirming look.',
  sustained: 'A fault is a breach once it has lasted.',
  hold: 'A fault lets no phase start.',
  note: 'A fault is evidence, and by itself no more.',
} as const;

const compared = {
  nothing: 'by itself',
  baseline: 'against the baseline',
  boundary: 'against the baseline and the boundary of the latest phase',
} as const;

const code = (text: string): string => `\`${text}\``;

function chapter(check: Check): string {
  const { id, cost, against, mayAt, reads, needs, since, extension, remedy } = check;
  const { bad, limits } = declared[id];
  const tunable = Object.keys(limits);
  const wants = [
    ...(since === undefined ? [] : [`PostgreSQL ${since} or later`]),
    ...(extension === undefined ? [] : [`the extension ${code(extension)}`]),
    ...(needs === 'nothing' ? [] : [needs]),
  ];
  return [
    `### ${code(id)}`,
    '',
    bad,
    '',
    `- Asked ${paces[cost]} (class ${cost}), judged ${compared[against]}. ${consequences[mayAt]}`,
    `- Reads ${reads.map(code).join(', ')}.`,
    `- Needs ${wants.length === 0 ? 'no permission that is not everybody’s' : wants.join('; ')}.`,
    ...(tunable.length === 0 ? [] : [`- Tuned by ${tunable.map(code).join(', ')}.`]),
    `- What to do: ${remedy}.`,
  ].join('\n');
}

const criteria = ['integrity', 'security', 'functionality', 'performance'] as const;

/** The page about the check catalogue, as Markdown: everything on it is said by the declarations. */
export function checksDocument(): string {
  const all = catalogueIds.flatMap((id) => checks[id] ?? []) as readonly Check[];
  const parts = criteria.map((criterion) => {
    const mine = all.filter(({ id }) => declared[id].criterion === criterion);
    const title = `## ${criterion.charAt(0).toUpperCase()}${criterion.slice(1)}`;
    return [title, ...mine.map(chapter)].join('\n\n');
  });
  return `# The check catalogue

<!-- Written by \`ripcord export checks docs\` from the declarations in src/checks. -->

Every PostgreSQL is asked these ${all.length} checks unless the plan switches them off. A finding is a check and an object: what the
baseline already shows is known and never fires, whatever a phase declares is expected of it at its end, and all else that is
new is a breach. What could not be looked at is \`unknown\`, never \`ok\`: no phase starts over it, and the run cannot be armed. A check
that could not look is asked again after 5 s, 10 s, 20 s and so on, for as long as that is sooner than its own interval.

\`\`\`yaml
catalogue:
  replica-lag: off # not asked at all
  idle-in-transaction: { idle: 5m, every: 30s } # tuned; \`timeout\` may be given for each as well
\`\`\`

\`ripcord check\` asks them once, \`ripcord doctor\` says which of them cannot look and which grant is missing.

${parts.join('\n\n')}
`;
}
