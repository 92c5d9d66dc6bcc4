/** The polynomial with these coefficients, the highest power first, at `x`. */
const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

const near = {
  over: [
    3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
    220.206867912376,
  ],
  under: [
    8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
    793.826512519948, 440.413735824752,
  ],
};

/** P(Z < -x) for x >= 0 (Hart 1968, algorithm 5666, as given by West 2005). */
function upperTail(x: number): number {
  if (x > 37) return 0;
  const density = Math.exp((-x * x) / 2);
  if (x < 7.07106781186547) return (density * polynomial(near.over, x)) / polynomial(near.under, x);
  const fraction = x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))));
  return density / fraction / Math.sqrt(2 * Math.PI);
}

/** The standard normal distribution function. Relative error below 1e-7 far out, 1e-10 elsewhere. */
export const normalBelow = (x: number): number => (x < 0 ? upperTail(-x) : 1 - upperTail(x));

const middle = {
  over: [
    2.509080928730122e3, 3.343057558358813e4, 6.72657709270087e4, 4.592195393154987e4, 1.373169376550946e4,
    1.971590950306551e3, 1.331416678917844e2, 3.387132872796367,
  ],
  under: [
    5.226495278852855e3, 2.872908573572194e4, 3.930789580009271e4, 2.12137943015866e4, 5.394196021424751e3,
    6.871870074920579e2, 4.231333070160091e1, 1,
  ],
};
const outer = {
  over: [
    7.745450142783414e-4, 2.272384498926918e-2, 2.417807251774506e-1, 1.270458252452368, 3.647848324763205,
    5.769497221460691, 4.630337846156545, 1.423437110749684,
  ],
  under: [
    1.050750071644417e-9, 5.475938084995345e-4, 1.519866656361646e-2, 1.481039764274801e-1, 6.897673349851e-1,
    1.676384830183804, 2.053191626637759, 1,
  ],
};
const outermost = {
  over: [
    2.010334399292288e-7, 2.711555568743488e-5, 1.242660947388078e-3, 2.653218952657612e-2, 2.965605718285049e-1,
    1.784826539917291, 5.463784911164114, 6.657904643501104,
  ],
  under: [
    2.04426310338994e-15, 1.421511758316446e-7, 1.846318317510055e-5, 7.868691311456133e-4, 1.487536129085061e-2,
    1.369298809227358e-1, 5.99832206555888e-1, 1,
  ],
};

/**
 * The quantile of the standard normal distribution at probability `p` (Wichura 1988, algorithm AS 241, PPND16; relative error
 * about 1e-15). Infinite at 0 and 1.
 */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  const offset = p - 0.5;
  if (Math.abs(offset) <= 0.425) {
    const x = 0.180625 - offset * offset;
    return (offset * polynomial(middle.over, x)) / polynomial(middle.under, x);
  }
  const depth = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const { over, under } = depth <= 5 ? outer : outermost;
  const x = depth - (depth <= 5 ? 1.6 : 5);
  return (Math.sign(offset) * polynomial(over, x)) / polynomial(under, x);
}
