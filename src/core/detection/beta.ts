const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** The logarithm of the gamma function for x >= 0.5 (Lanczos 1964, g = 7 and nine terms; relative error about 1e-15). */
function logGamma(x: number): number {
  const sum = lanczos.reduce((so, term, index) => so + term / (x + index), 0.9999999999998099);
  const shifted = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(shifted) - shifted + Math.log(sum);
}

/** Also for 0 < x < 0.5, through gamma(x) = gamma(x + 1) / x. */
const logGammaAt = (x: number): number => (x < 0.5 ? logGamma(x + 1) - Math.log(x) : logGamma(x));

/** Keeps the continued fraction from dividing by zero. */
const awayFromZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);

/** The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
function continuedFraction(x: number, a: number, b: number): number {
  let over = 1;
  let under = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = under;
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    under = 1 / awayFromZero(1 + even * under);
    over = awayFromZero(1 + even / over);
    value *= under * over;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    under = 1 / awayFromZero(1 + odd * under);
    over = awayFromZero(1 + odd / over);
    value *= under * over;
    if (Math.abs(under * over - 1) < 1e-15) break;
  }
  return value;
}

/** The regularised incomplete beta function: the probability that a beta(a, b) variable is below `x`; a, b > 0. */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const scale = logGammaAt(a + b) - logGammaAt(a) - logGammaAt(b) + a * Math.log(x) + b * Math.log1p(-x);
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(scale) * continuedFraction(x, a, b)) / a
    : 1 - (Math.exp(scale) * continuedFraction(1 - x, b, a)) / b;
}

/**
 * The quantile of the beta distribution with a, b > 0 at probability `p`, by bisection: it always converges, and is exact to
 * about 1e-16 of 1.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let halving = 0; halving < 54; halving += 1) {
    const middle = (low + high) / 2;
    if (betaBelow(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
