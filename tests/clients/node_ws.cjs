// Node's `ws`: the same steps as in steps.py, in its own callbacks.

const { randomBytes } = require("node:crypto");

const WebSocket = require("ws");

const PATIENCE_MS = 12_000;
const QUIET_MS = 5_000;
const FLOOD_MS = 3_000;
const MOST_CHUNKS = 1024;
const CHUNK = randomBytes(65536); // What compression does not shrink.
const FRAGMENTED = "0123456789".repeat(100);

const [task, uri] = process.argv.slice(2);
const steps = [];
const begin = Date.now();

function say(step) {
  const seconds = (Date.now() - begin) / 1000;
  steps.push(seconds >= 1.8 && !/^(notices|still|send)/.test(step) ? `${step} after ${seconds.toFixed(0)} s` : step);
}

function finish() {
  console.log(JSON.stringify(steps));
  process.exit(0);
}

function shown(data, isBinary) {
  if (data.length >= 40) return `${data.length} ${isBinary ? "bytes" : "characters"}`;
  return isBinary ? data.toString("hex") : `'${data}'`;
}

const socket = new WebSocket(uri);
let quiet;

function wait() {
  clearTimeout(quiet);
  quiet = setTimeout(() => { say("notices nothing"); finish(); }, QUIET_MS);
}

setTimeout(() => { say("still waits after 12 s"); finish(); }, PATIENCE_MS).unref();
const patience = setTimeout(() => {}, PATIENCE_MS);

const TASKS = {
  watch: wait,
  // It has no keepalive of its own: its manual shows this one.
  "keep-alive": () => {
    let isAlive = true;
    socket.on("pong", () => { isAlive = true; });
    setInterval(() => {
      if (!isAlive) { say("the manual's heartbeat terminates"); socket.terminate(); }
      isAlive = false;
      socket.ping();
    }, 1000);
  },
  echo: () => { socket.send("hello"); wait(); },
  join: () => socket.send(FRAGMENTED),
  fill: () => {
    const end = Date.now() + FLOOD_MS;
    let sent = 0;
    const more = () => {
      if (sent === MOST_CHUNKS || Date.now() > end) {
        say(`send() takes ${(sent * CHUNK.length) / 2 ** 20} MB and more into memory without waiting`);
        finish();
      }
      socket.send(CHUNK);
      sent += 1;
      setImmediate(more);
    };
    more();
  },
};

socket.on("open", () => {
  say(socket.protocol ? `opens with ${socket.protocol}` : "opens");
  TASKS[task]();
});
socket.on("message", (data, isBinary) => {
  if (task === "join") {
    say(data.toString() === FRAGMENTED ? "puts 1,000 fragments together" : `gets ${shown(data, isBinary)}`);
    finish();
  }
  say(`gets ${shown(data, isBinary)}`);
  wait();
});
socket.on("error", (error) => say(`error event: ${error.message}`));
socket.on("close", (code, reason) => {
  say(`close event ${code} ${reason}`.trimEnd());
  clearTimeout(patience);
  finish();
});
