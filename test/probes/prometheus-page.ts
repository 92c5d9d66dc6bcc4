/** The page that the tests' Prometheus scrapes. The values are constant, so that responses can be recorded and compared. */
export const page = () =>
  Promise.resolve({
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: [
      'ripcord_build_info 1',
      'latency_seconds{path="search"} 0.0125',
      'latency_seconds{path="list"} 0.25',
      'nothing_yet NaN',
      '',
    ].join('\n'),
  });

/** Queries with their results in seconds. prometheus-answers.json holds the recorded responses under the same names. */
export const queries: readonly { readonly name: string; readonly query: string; readonly yields: number | string }[] = [
  { name: 'a vector of one', query: 'latency_seconds{path="search"}', yields: 12.5 },
  { name: 'a scalar', query: 'scalar(latency_seconds{path="list"})', yields: 250 },
  { name: 'a vector of two', query: 'latency_seconds', yields: 'the query yields 2 series, wanted one' },
  { name: 'an empty vector', query: 'no_such_metric', yields: 'the query yields nothing' },
  {
    name: 'a scalar of nothing',
    query: 'scalar(no_such_metric)',
    yields: 'the query yields NaN, which is not a latency',
  },
  { name: 'a vector of NaN', query: 'nothing_yet', yields: 'the query yields NaN, which is not a latency' },
  {
    name: 'an infinite value',
    query: 'latency_seconds{path="list"} / 0',
    yields: 'the query yields +Inf, which is not a latency',
  },
  {
    name: 'a negative value',
    query: '-latency_seconds{path="list"}',
    yields: 'the query yields -0.25, which is not a latency',
  },
  {
    name: 'a matrix',
    query: 'latency_seconds{path="list"}[1m]',
    yields: 'the query yields a matrix, wanted one value',
  },
  { name: 'a text', query: '"search"', yields: 'the query yields a string, wanted one value' },
  { name: 'a query that is wrong', query: 'sum(', yields: 'bad_data: ' },
];
