// A small HTTP server in a separate process, so that its work does not count as the daemon's.
import { createServer } from 'node:http';

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"molecules":[]}');
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on http://127.0.0.1:${port}/`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
