/** Set by `npm run test:every-case`, which also runs cases that are too slow for `npm test`. */
export const everyCase = process.env['RIPCORD_EVERY_CASE'] !== undefined;
