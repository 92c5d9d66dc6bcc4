import type { Rule } from '../rule.ts';
import { meanOf } from './window.ts';

const size = 10;

/** The obvious rule: the mean of the last ten latencies exceeds the limit times the baseline's mean. Not a product's rule. */
export const naiveMean: Rule = {
  name: 'naive-mean',
  title: 'mean of the last 10',
  start({ latencies }, _dtSeconds, { limit }) {
    const line = limit * meanOf(latencies);
    const last: number[] = [];
    return {
      take(latency) {
        if (latency === undefined) return false;
        last.push(latency);
        if (last.length > size) last.shift();
        return last.length === size && meanOf(last) > line;
      },
    };
  },
};
