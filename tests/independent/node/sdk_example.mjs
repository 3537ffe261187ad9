// The TypeScript SDK's example server, as published: with its own example of an authorization
// server beside it, or with the argument `open` without any.
import { createServer } from 'node:net';

const taken = await Promise.all([listening(), listening()]);
const [port, authorizationPort] = taken.map((server) => server.address().port);
await Promise.all(taken.map((server) => new Promise((resolve) => server.close(resolve))));

process.env.MCP_PORT = port;
process.env.MCP_AUTH_PORT = authorizationPort;
if (!process.argv.includes('open')) process.argv.push('--oauth', '--oauth-strict');
await import('@modelcontextprotocol/sdk/examples/server/simpleStreamableHttp.js');
console.log(`http://localhost:${port}/mcp`);

function listening() {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}
