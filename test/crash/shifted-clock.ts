// Loaded before a daemon by NODE_OPTIONS=--import: a machine whose wall clock somebody has set by so many milliseconds. What
// nobody can set, the monotonic clock and the uptime, goes on as it does.
const shift = Number(process.env.CLOCK_SHIFT ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + shift;
