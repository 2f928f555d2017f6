// A client on Node's `ws`: node node_client.cjs '{"url": …, "options": {…}, "send": [["text", "hello"], …], "close": [1000, "bye"]}'
//
// Sends each message when the reply to the one before has come, then closes. Prints one JSON array of what happened.

const { readFileSync } = require("node:fs");

const WebSocket = require(process.env.WS_MODULE);

const PATIENCE_MS = 10_000;

const plan = JSON.parse(process.argv[2]);
if (plan.ca) plan.options.ca = readFileSync(plan.ca);
const happened = [];
const waiting = plan.send.map(([kind, data]) => (kind === "hex" ? Buffer.from(data, "hex") : data));

const socket = new WebSocket(plan.url, plan.protocols ?? [], plan.options);
setTimeout(() => { happened.push(["timeout"]); socket.terminate(); }, PATIENCE_MS).unref();

function next() {
  if (waiting.length) socket.send(waiting.shift());
  else if (plan.close) socket.close(...plan.close);
}

socket.on("open", () => { happened.push(["open", socket.extensions, socket.protocol]); next(); });
socket.on("message", (data, isBinary) => {
  happened.push(isBinary ? ["hex", data.toString("hex")] : ["text", data.toString()]);
  next();
});
socket.on("error", (error) => happened.push(["error", error.message]));
socket.on("close", (code, reason) => {
  happened.push(["close", code, reason.toString()]);
  console.log(JSON.stringify(happened));
});
