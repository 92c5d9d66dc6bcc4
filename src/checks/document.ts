import { catalogue as declared, catalogueIds } from '../core/plan/catalogue.ts';
import { checks } from './catalogue.ts';
import type { Check } from './check.ts';

const paces = {
  A: 'every 5 s',
  B: 'every 30 s',
  C: 'at phase boundaries, and every minute between them while it is not ok',
} as const;

const consequences = {
  veto: 'A fault is a breach as soon as a second run confirms it.',
  sustained: 'A fault becomes a breach once it has lasted long enough.',
  hold: 'A fault stops the next phase from starting.',
  note: 'A fault is recorded as evidence and has no other effect.',
} as const;

const compared = {
  nothing: 'on its own',
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
    `- Runs ${paces[cost]} (class ${cost}), judged ${compared[against]}. ${consequences[mayAt]}`,
    `- Reads ${reads.map(code).join(', ')}.`,
    `- Needs ${wants.length === 0 ? 'no special permission' : wants.join('; ')}.`,
    ...(tunable.length === 0 ? [] : [`- Tuned by ${tunable.map(code).join(', ')}.`]),
    `- What to do: ${remedy}.`,
  ].join('\n');
}

const criteria = ['integrity', 'security', 'functionality', 'performance'] as const;

/** The check catalogue as a Markdown page, generated from the check declarations. */
export function checksDocument(): string {
  const all = catalogueIds.flatMap((id) => checks[id] ?? []) as readonly Check[];
  const parts = criteria.map((criterion) => {
    const mine = all.filter(({ id }) => declared[id].criterion === criterion);
    const title = `## ${criterion.charAt(0).toUpperCase()}${criterion.slice(1)}`;
    return [title, ...mine.map(chapter)].join('\n\n');
  });
  return `# The check catalogue

<!-- Written by \`ripcord export checks docs\` from the declarations in src/checks. -->

Ripcord runs these ${all.length} checks on every target unless the plan switches them off. A check reports each fault as an
object. Faults that the baseline already shows are known and never fire. Changes that a phase declares are expected once the
phase has ended. Everything else that is new is a breach. If a check cannot run, its result is \`unknown\`, never \`ok\`: no
phase starts, and the run cannot be armed. Ripcord runs such a check again after 5 s, 10 s, 20 s and so on, until that delay
reaches the check's own interval.

\`schema-drift\`, \`policies\`, \`policies-on-user-metadata\` and \`always-true-policies\` print definitions. A definition that is
locked, that PostgreSQL cannot print, or that goes while it is printed, is left out and named with its owner; the check
compares all others, and is \`unknown\` if these are well. A baseline also leaves out what PostgreSQL cannot print. While the
check leaves out nothing more than the baseline did, it is still \`unknown\`, but a phase may start and the run can be armed.

\`\`\`yaml
catalogue:
  replica-lag: off # never runs
  idle-in-transaction: { idle: 5m, every: 30s } # tuned; every check also takes \`timeout\`
\`\`\`

In an armed run, a breach leads to a rollback without asking only if Ripcord saw the phase cause it: one of its sessions holds
what others need, or only the phases' role can have written what makes the fault true, since the phase began. Otherwise Ripcord
recommends the rollback, and a person decides. \`docs/security.md\` lists what that requires.

\`ripcord check\` runs them once. \`ripcord doctor\` lists the checks that cannot run and the grants they need.

## What no check compares

- Tables that are added to a publication, extended statistics, storage parameters such as \`autovacuum_enabled\`, the
  connections and options of subscriptions, and user mappings.
- Of a partition: columns, constraints and indexes that it inherits from its parent table. \`schema-drift\` compares its own
  constraints and indexes, and reports a column that requires or defaults to something else than the parent's as a change of
  the partition.
- Names that the plan renames: where \`molecule\` becomes \`molecules\`, a definition that names one instead of the other, or
  \`molecules_a\` instead of \`molecule_a\`, counts as the same.

${parts.join('\n\n')}
`;
}
