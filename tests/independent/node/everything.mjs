// The specification's own server-everything, as published. Argument: `sse` or `streamableHttp`.
import { connect, createServer } from 'node:net';

const probe = createServer();
await new Promise((resolve) => probe.listen(0, resolve));
const port = probe.address().port;
await new Promise((resolve) => probe.close(resolve));

const mode = process.argv[2];
process.env.PORT = port;
await import('@modelcontextprotocol/server-everything/dist/index.js');
while (!(await accepts())) await new Promise((resolve) => setTimeout(resolve, 20));
console.log(`http://localhost:${port}/${mode === 'sse' ? 'sse' : 'mcp'}`);

function accepts() {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
