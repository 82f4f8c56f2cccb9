// An HTTP/2 server with TLS that passes each request on to a store, and nothing else:
// node http2_gateway.mjs UPSTREAM_PORT CERTIFICATE KEY. Prints its port.

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";

const [port, certificate, key] = process.argv.slice(2);

/** Headers of one connection, which HTTP/2 does not know. */
const OWN = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

function passed(headers) {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith(":") && !OWN.has(name));
  return Object.fromEntries(kept);
}

const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) });

server.on("stream", (stream, headers) => {
  const { ":method": method, ":path": path, ":authority": host } = headers;
  const options = { port, method, path, headers: { ...passed(headers), host } };
  const onward = request(options, (answer) => {
    if (stream.destroyed) return;
    stream.respond({ ":status": answer.statusCode, ...passed(answer.headers) });
    answer.pipe(stream);
  });
  onward.on("error", () => stream.close());
  stream.on("error", () => onward.destroy());
  stream.on("close", () => onward.destroy());
  stream.pipe(onward);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
