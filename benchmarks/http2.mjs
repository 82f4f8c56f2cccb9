// An HTTP/2 server with TLS before the sink: node http2.mjs SINK_PORT CERTIFICATE KEY. Prints its
// port. Streams have windows of 64 KiB, as nginx's have where nobody raised them; the connection's
// is large, so that more requests at once carry more.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createSecureServer } from "node:http2";

const [port, certificate, key] = process.argv.slice(2);
const STREAM = 65_535;
const CONNECTION = 64 * 1024 * 1024;
const OWN = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);
const agent = new Agent({ keepAlive: true });

const passed = (headers) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(":") && !OWN.has(name)),
  );

const server = createSecureServer({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  settings: { initialWindowSize: STREAM, maxConcurrentStreams: 128 },
});
server.on("session", (session) => session.setLocalWindowSize(CONNECTION));
server.on("stream", (stream, headers) => {
  const { ":method": method, ":path": path, ":authority": host } = headers;
  const options = { agent, port, method, path, headers: { ...passed(headers), host } };
  const onward = request(options, (answer) => {
    if (stream.destroyed) return;
    stream.respond({ ":status": answer.statusCode, ...passed(answer.headers) });
    answer.pipe(stream);
  });
  onward.on("error", () => stream.close());
  stream.on("error", () => onward.destroy());
  stream.pipe(onward);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
