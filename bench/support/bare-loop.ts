// The cost of the same requests in a process that does nothing else. Arguments: URL, warm-up and length in milliseconds.
// Prints the CPU time of one request in milliseconds.
import { request, type RequestOptions } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { urlToHttpOptions } from 'node:url';

const [url = '', warmUp, length] = process.argv.slice(2);
const options: RequestOptions = {
  ...urlToHttpOptions(new URL(url)),
  headers: { 'user-agent': 'bench', connection: 'close' },
  agent: false,
};
let answered = 0;
const asking = setInterval(() => {
  const asked = request(options, (response) => response.resume().once('end', () => (answered += 1)));
  asked.end();
}, 20);

await setTimeout(Number(warmUp));
const [before, used] = [answered, process.cpuUsage()];
await setTimeout(Number(length));
const { user, system } = process.cpuUsage(used);
console.log((user + system) / 1_000 / (answered - before));
clearInterval(asking);
