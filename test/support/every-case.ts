/** `npm run test:every-case`: also what takes longer than everybody would wait for. */
export const everyCase = process.env['RIPCORD_EVERY_CASE'] !== undefined;
