import { createHash } from 'node:crypto';

/** A seeded stream of random numbers. The same words give the same numbers on every machine. */
export interface Random {
  /** Strictly between 0 and 1. */
  readonly uniform: () => number;
  /** Standard normal. */
  readonly normal: () => number;
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/**
 * xoshiro128** 1.1 (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2021; prng.di.unimi.it): 32
 * bits at a time, period 2^128 - 1. `state` consists of four words, not all zero.
 */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  return () => {
    const word = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return word;
  };
}

/** 32 bits, moved by half a step so that neither 0 nor 1 comes out: enough for statistics over a few million readings. */
const openUnit = (word: number): number => (word + 0.5) / 4_294_967_296;

/** The polar method of G. Marsaglia and T. A. Bray, "A convenient method for generating normal variables", 1964. */
function polar(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
}

/**
 * Hashes the words with SHA-256 and uses the first 128 bits as the state, so streams of different words have nothing in
 * common.
 */
export function randomOf(...words: readonly (string | number)[]): Random {
  const hash = createHash('sha256').update(JSON.stringify(words)).digest();
  const word = xoshiro128([hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8), hash.readUInt32LE(12)]);
  const uniform = () => openUnit(word());
  return { uniform, normal: polar(uniform) };
}

/**
 * Gamma with this shape (at least 1) and scale 1: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma
 * variables", ACM Transactions on Mathematical Software 26, 2000.
 */
export function gamma({ uniform, normal }: Random, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Pareto with this shape, at least 1, by inversion. */
export const pareto = ({ uniform }: Random, shape: number): number => uniform() ** (-1 / shape);
