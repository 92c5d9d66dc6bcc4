/** Set by `npm run test:every-case`, which also runs cases that are too slow for `npm test`. */
export const everyCase = process.env['RIPCORD_EVERY_CASE'] !== undefined;

/** Both tested majors in CI, the newer one in `npm test`. */
export const testedMajors: readonly (15 | 18)[] = everyCase ? [15, 18] : [18];
export const sharedServers: readonly ('postgres' | 'postgres18')[] = everyCase
  ? ['postgres', 'postgres18']
  : ['postgres18'];
