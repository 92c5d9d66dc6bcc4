import { argoRollouts } from './peers/argo-rollouts.ts';
import { flagger } from './peers/flagger.ts';
import { gatus } from './peers/gatus.ts';
import { kayenta } from './peers/kayenta.ts';
import { medianOfTwenty } from './peers/median-of-twenty.ts';
import { naiveMean } from './peers/naive-mean.ts';
import { prometheus } from './peers/prometheus.ts';
import { grey, strict, untold } from './ripcord.ts';
import type { Rule } from './rule.ts';

export const ours: readonly Rule[] = [grey, strict, untold];

export const peers: readonly Rule[] = [
  ...prometheus,
  ...argoRollouts,
  ...flagger,
  gatus,
  kayenta,
  naiveMean,
  medianOfTwenty,
];

export const rules: readonly Rule[] = [...ours, ...peers];
