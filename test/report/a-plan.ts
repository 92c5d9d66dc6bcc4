import { type Plan, planSchema } from '../../src/core/plan/plan.ts';

const read_url = 'postgres://reader@db.example/cryoprotect';
const token = `sha256:${'0'.repeat(64)}`;

/** The remediation of a small database, as a team would write it; `more` replaces whole sections. */
export const reportPlan = (more: Record<string, unknown> = {}): Plan =>
  planSchema.parse({
    ripcord: 1,
    name: 'cryoprotect-v2-remediation',
    environments: {
      production: {
        target: { url: 'postgres://guard@db.example/cryoprotect', read_url },
        estimate: { rollback: '3h-4h' },
      },
    },
    run: { estimate: '4h' },
    phases: [
      {
        id: 'security-lockdown',
        estimate: '20m',
        rollback: { command: ['node', 'implement_security.ts', '--rollback'], estimate: '5m' },
        effects: { rls: ['molecule', 'mixture'], policies: ['molecule', 'mixture'] },
      },
      {
        id: 'schema-standardization',
        estimate: '30m',
        rollback: { command: ['node', 'standardize_schema.ts', '--rollback'], estimate: '5m' },
        effects: { renames: { molecule: 'molecules', mixture: 'mixtures' } },
      },
      {
        id: 'relationship-remediation',
        title: 'Relationship remediation',
        estimate: '30m',
        rollback: { command: ['node', 'fix_relationships.ts', '--rollback'], estimate: '10m' },
        effects: {
          creates: ['molecule_experiments'],
          indexes: ['idx_molecule_experiments_experiment'],
          writes: { molecule_experiments: { rows: 'grow' } },
        },
      },
      {
        id: 'data-migration',
        estimate: '2h',
        rollback: 'restore',
        effects: { writes: { predictions: { columns: ['value'] } } },
      },
      { id: 'performance-optimization', estimate: '40m', rollback: { command: ['node', 'indexes.ts', '--remove'] } },
    ],
    probes: [
      { id: 'molecule-search', sql: 'select 1' },
      { id: 'control', sql: 'select 1', control: true },
    ],
    checks: [
      { id: 'no-orphan-prediction', criterion: 'integrity', sql: 'select 1' },
      { id: 'no-table-without-policies', criterion: 'security', sql: 'select 1' },
    ],
    principals: [
      { id: 'dana', name: 'Dana Weiss', role: 'database_administrator', token_hash: token },
      { id: 'priya', name: 'Priya Nair', role: 'project_manager', token_hash: token },
      { id: 'lena', name: 'Lena Costa', role: 'technical_lead', token_hash: token },
      { id: 'deployment', role: 'pipeline', token_hash: token },
    ],
    pre_approvals: [
      {
        id: 'undo-scripted-phases',
        by_role: 'database_administrator',
        criteria: ['integrity', 'performance', 'runtime'],
        phases: ['security-lockdown', 'schema-standardization', 'relationship-remediation'],
        environments: ['production'],
        do: 'phase-rollback',
        uses: 2,
      },
    ],
    prerequisites: { proved_backups: 1, acknowledgements: ['team-familiar'] },
    verification: [{ id: 'no-junction-table', sql: 'select false', expect: { value: false } }],
    contacts: [{ role: 'Project Manager', name: 'Priya Nair', reach: 'priya@cryoprotect.example, +1 555 0102' }],
    ...more,
  });
