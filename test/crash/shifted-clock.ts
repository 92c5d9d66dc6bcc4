// Loaded before a daemon with NODE_OPTIONS=--import. Shifts the wall clock by CLOCK_SHIFT milliseconds. The monotonic clock
// and the uptime are unchanged, because nobody can set them.
const shift = Number(process.env.CLOCK_SHIFT ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + shift;
