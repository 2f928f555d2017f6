"use strict";

// The page of behaviours: tick them, see the URL, try it, and see what happened and when.
//
// The rules:
// * The list, and what is right, come from the daemon; nothing of it is written here a second time.
// * The URL can be edited, and is what is opened.
// * What a peer sends is shown as text and never read as HTML.
{
  const MOST_LINES = 500; // A flood is counted and not listed.
  const MOST_SHOWN = 200; // Characters of one message.
  const SLACK = 8; // CSS pixels: zoomed pages end at fractions.
  const PAUSE_MS = 150; // After the last key, before the daemon is asked.

  const byId = (id) => document.getElementById(id);
  const input = byId("messageinput");
  const events = byId("messages");
  const url = byId("url");
  const verdict = byId("verdict");

  let socket = null;
  let openedAt = 0;
  let unlisted = { line: null, messages: 0, bytes: 0 };
  let hasList = true;
  let asking = 0;
  let question = 0; // Answers may come out of order; only the one to the last question counts.

  // The list

  async function load() {
    showUrl();
    try {
      const answer = await fetch("behaviours", { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      byId("groups").replaceChildren(...(await answer.json()).groups.map(groupOf));
    } catch {
      hasList = false;
      clearTimeout(asking);
      judge("Could not load the list of behaviours: is the daemon running with --behaviours on?", false);
    }
  }

  function groupOf({ name, about, parameters }) {
    const group = make("details", {}, [
      make("summary", {}, [make("strong", { textContent: capitalized(name) }), ` ${about}`]),
      ...parameters.map(rowOf),
    ]);
    group.addEventListener("input", showUrl);
    return group;
  }

  function capitalized(name) {
    return name[0].toUpperCase() + name.slice(1);
  }

  /** One parameter: a tick, its name, its value, what it is for. */
  function rowOf(parameter) {
    const tick = make("input", { type: "checkbox", id: `with-${parameter.name}` });
    const label = make("label", { htmlFor: tick.id }, [make("code", { textContent: parameter.name })]);
    const value = valueOf(parameter);
    const notes = [parameter.purpose];
    if (parameter.needs.length) notes.push(`Needs ${parameter.needs.join(" or ")}.`);
    const purpose = make("p", { id: `about-${parameter.name}`, textContent: notes.join(" ") });
    for (const field of [tick, value]) field.setAttribute("aria-describedby", purpose.id);
    value.addEventListener("input", () => { tick.checked = true; });
    const row = make("div", { className: "parameter" }, [tick, label, value, purpose]);
    row.dataset.name = parameter.name;
    return row;
  }

  function valueOf({ name, value, choices, example }) {
    const field = choices.length
      ? make("select", {}, choices.map((choice) => make("option", { textContent: choice })))
      : make("input", { type: "text", value: example, autocomplete: "off", spellcheck: false });
    field.setAttribute("aria-label", `Value of ${name}`);
    field.title = value;
    if (choices.length) field.value = example;
    return field;
  }

  function make(tag, properties, children = []) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // The URL

  /** The query that the ticks ask for. */
  function queryOf(rows) {
    const ticked = [...rows].filter((row) => row.querySelector("[type=checkbox]").checked);
    return ticked.map((row) => `${row.dataset.name}=${encoded(row.querySelector("[aria-label]").value)}`).join("&");
  }

  function encoded(value) {
    return encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%2F", "/");
  }

  function showUrl() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const query = queryOf(document.querySelectorAll(".parameter"));
    url.value = `${scheme}//${location.host || "localhost:9001"}${byId("endpoint").value}${query && `?${query}`}`;
    ask();
  }

  /** Let the daemon judge the query, once the typing pauses. */
  function ask() {
    clearTimeout(asking);
    if (hasList) asking = setTimeout(askNow, PAUSE_MS);
  }

  async function askNow() {
    const number = ++question;
    const verdict = await verdictOn(url.value.split("?").slice(1).join("?"));
    if (number === question) judge(...verdict);
  }

  /** The daemon's sentence about a query, and whether the query is valid. */
  async function verdictOn(query) {
    try {
      const answer = await fetch(`behaviours?${query}`, { headers: { Accept: "application/json" } });
      return [answer.ok ? "The server accepts this query." : await answer.text(), answer.ok];
    } catch {
      return ["The server does not answer.", false];
    }
  }

  function judge(text, isGood) {
    verdict.textContent = text;
    verdict.className = isGood ? "good" : "wrong";
  }

  // The connection

  function open() {
    if (socket !== null && socket.readyState !== WebSocket.CLOSED) {
      write("WebSocket is already opened.");
      return;
    }
    events.replaceChildren();
    unlisted = { line: null, messages: 0, bytes: 0 };
    openedAt = performance.now();
    try {
      socket = connect(url.value);
      write(`opening ${url.value}`);
    } catch (error) {
      write(`Cannot open: ${error.message}`);
    }
  }

  function connect(address) {
    const opened = new WebSocket(address);
    opened.binaryType = "arraybuffer";
    let wasOpen = false;
    opened.onopen = () => {
      wasOpen = true;
      showMain();
      write(`OPEN, ${agreement(opened)}`);
    };
    opened.onmessage = (event) => receive(event.data);
    opened.onclose = (event) => {
      showMain();
      write(ending(event, wasOpen));
    };
    return opened;
  }

  function agreement({ protocol, extensions }) {
    return `subprotocol ${protocol || "none"}, extensions ${extensions || "none"}`;
  }

  function ending({ code, reason, wasClean }, wasOpen) {
    const how = wasClean ? "after a closing handshake" : "without a closing handshake";
    const hint = wasOpen ? "" : " It never opened; browsers do not say why.";
    return `CLOSED ${how}, code ${code}${reason && `, reason ${reason}`}.${hint}`;
  }

  function send() {
    if (socket === null || socket.readyState !== WebSocket.OPEN) {
      write("Not sent: open a connection first.");
      return;
    }
    // Back-pressure: what was sent before and is still in the browser's buffer.
    const waiting = socket.bufferedAmount ? ` (behind ${socket.bufferedAmount} buffered bytes)` : "";
    socket.send(input.value);
    write(`SENT ${input.value}${waiting}`, "sent");
  }

  function close() {
    if (socket === null || socket.readyState === WebSocket.CLOSED) {
      write("Nothing to close.");
    } else if (socket.readyState === WebSocket.CLOSING) {
      write("The connection is already closing.");
    } else {
      write("closing");
      socket.close();
    }
  }

  /** The button that comes next stands out: Open, or Send once it is open. */
  function showMain() {
    const isOpen = socket !== null && socket.readyState === WebSocket.OPEN;
    byId("open").classList.toggle("primary", !isOpen);
    byId("send").classList.toggle("primary", isOpen);
  }

  // What is shown

  function receive(data) {
    const isText = typeof data === "string";
    const size = isText ? data.length : data.byteLength;
    if (events.childElementCount >= MOST_LINES) {
      count(size);
      return;
    }
    write(isText ? `RECEIVED ${shortened(data)}` : `RECEIVED ${size} bytes, binary`, "received");
  }

  /** Messages beyond the last line. */
  function count(size) {
    unlisted.messages += 1;
    unlisted.bytes += size;
    unlisted.line ??= events.appendChild(document.createElement("li"));
    unlisted.line.textContent = `${now()} … ${unlisted.messages} more messages, ${unlisted.bytes} more bytes`;
  }

  function shortened(text) {
    return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}… (${text.length} characters)` : text;
  }

  function now() {
    return `${(performance.now() - openedAt).toFixed(0)} ms`.padStart(9);
  }

  function write(text, kind = "state") {
    const view = scrolled();
    const wasAtEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - SLACK;
    events.append(make("li", { className: kind, textContent: `${now()} ${text}` }));
    // A list that was scrolled up stays where it is.
    if (wasAtEnd) view.scrollTop = view.scrollHeight;
  }

  /** What scrolls the events: their column in a wide window, the page in a narrow one. */
  function scrolled() {
    const column = document.querySelector(".trial");
    return getComputedStyle(column).overflowY === "auto" ? column : document.documentElement;
  }

  // Start

  byId("endpoint").addEventListener("change", showUrl);
  url.addEventListener("input", ask);
  byId("open").addEventListener("click", open);
  byId("send").addEventListener("click", send);
  byId("close").addEventListener("click", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) send();
  });
  load();
}
