"use strict";

// One WebSocket connection: open it, send, watch what comes back, close it. The same on every page that has one.
//
// The rules:
// * Every button answers in every state, with a line under the controls; nothing here throws.
// * SENT is written only for a message that was handed to an open connection.
// * The focus and the colour are on what comes next: Open, or once it is open the message and Send.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
{
  const DEFAULT_HOST = "localhost";
  const DEFAULT_PORT = "9001";
  const TYPING_MS = 1000; // Who typed so lately goes on typing, and keeps the focus.

  const byId = (id) => document.getElementById(id);
  const controls = { open: byId("open"), send: byId("send"), close: byId("close") };
  const input = byId("messageinput");
  const field = document.querySelector("message-field");
  const list = document.querySelector("message-list");
  const url = byId("url"); // Where a page lets it be edited. Such a page tells more of each connection.

  let socket = null;
  let typedAt = -TYPING_MS;

  // Where to connect

  /** The WebSocket URL that belongs to the address of this page; throws a RangeError that says what is wrong. */
  function targetOf(page) {
    const asked = new URLSearchParams(page.search);
    const isFile = page.protocol === "file:";
    const scheme = page.protocol === "https:" ? "wss:" : "ws:";
    const host = asked.get("host") || (isFile ? DEFAULT_HOST : page.hostname);
    const port = asked.get("port") || (isFile ? DEFAULT_PORT : page.port);
    const isElsewhere = isFile || asked.get("host") || asked.get("port");
    return `${scheme}//${checkedHost(host)}${checkedPort(port)}${isElsewhere ? "" : folderOf(page)}${path()}`;
  }

  /** A reverse proxy may have the pages and the endpoints in a folder. */
  function folderOf(page) {
    return page.pathname.replace(/\/[^/]*$/, "");
  }

  function path() {
    return document.body.dataset.endpoint;
  }

  /** The host as a URL wants it: an IPv6 address in brackets. */
  function checkedHost(host) {
    const bracketed = /^[0-9a-f.]*:[0-9a-f:.]*$/i.test(host) ? `[${host}]` : host;
    // A delimiter would end the host early, and the rest of it would become a port, a path or a user name.
    const isOneWord = /^(\[[0-9a-f:.]+\]|[^\s:/?#@\\[\]]+)$/i.test(bracketed);
    if (!isOneWord || !URL.canParse(`ws://${bracketed}`)) {
      throw new RangeError(`The host "${host}" in the address of this page is neither a name nor an IP address.`);
    }
    return bracketed;
  }

  /** The port with its colon; nothing when the page came from the default port of its scheme. */
  function checkedPort(port) {
    if (port === "") return "";
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
      throw new RangeError(`The port "${port}" in the address of this page is not a number from 1 to 65535.`);
    }
    return `:${Number(port)}`;
  }

  // What the buttons do

  function open() {
    if (stateOf(socket) !== WebSocket.CLOSED) {
      list.write("WebSocket is already opened.");
      return;
    }
    try {
      if (url) list.clear();
      socket = connect(url ? url.value : targetOf(location));
      if (url) list.write(`opening ${url.value}`);
    } catch (error) {
      // A bad address, or one that the browser refuses to connect to, such as a blocked port.
      list.write(`Cannot open: ${error.message}`);
    }
    showNext();
  }

  async function send() {
    try {
      checkOpen();
      const message = await field.read();
      checkOpen(); // Still, after the time that a file took.
      const rest = behind(socket.bufferedAmount);
      socket.send(message);
      list.show("SENT ", message, "sent", rest);
    } catch (error) {
      list.write(`Not sent: ${error.message}`);
    }
  }

  function checkOpen() {
    if (stateOf(socket) !== WebSocket.OPEN) throw new RangeError(whyNotOpen());
  }

  /** Back-pressure: what was sent before and is still in the browser's buffer. */
  function behind(bytes) {
    return url && bytes ? ` (behind ${bytes} buffered bytes)` : "";
  }

  function close() {
    const state = stateOf(socket);
    if (state === WebSocket.CLOSED) {
      list.write(`Nothing to close: ${whyNotOpen()}`);
    } else if (state === WebSocket.CLOSING) {
      list.write("The connection is already closing.");
    } else {
      if (url) list.write("closing");
      socket.close();
      showNext();
    }
  }

  // The connection

  function connect(address) {
    const opened = new WebSocket(address);
    opened.binaryType = "arraybuffer";
    let wasOpen = false;
    opened.onopen = () => {
      wasOpen = true;
      list.write(`CONNECTED ${url ? agreementOf(opened) : ""}`);
      showNext();
    };
    opened.onmessage = (event) => list.show("RECEIVED: ", event.data, "received");
    opened.onclose = (event) => {
      list.write(endingOf(event, wasOpen));
      showNext();
    };
    return opened;
  }

  /** A connection that never was counts as closed. */
  function stateOf(connection) {
    return connection === null ? WebSocket.CLOSED : connection.readyState;
  }

  function whyNotOpen() {
    if (socket === null) return "open a connection first.";
    return {
      [WebSocket.CONNECTING]: "the connection is not open yet.",
      [WebSocket.CLOSING]: "the connection is closing.",
      [WebSocket.CLOSED]: "the connection is closed.",
    }[socket.readyState];
  }

  // Its words

  /** RFC 6455, 7.4.1, and the registry that it founded. */
  const MEANINGS = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code in the Close frame",
    1006: "abnormal closure, no Close frame",
    1007: "invalid payload",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
    3000: "unauthorized",
    3003: "forbidden",
    3008: "timeout",
  };

  function meaningOf(code) {
    if (code in MEANINGS) return MEANINGS[code];
    return code >= 4000 ? "private use" : code >= 3000 ? "registered use" : "unassigned";
  }

  function agreementOf({ protocol, extensions }) {
    return `subprotocol ${protocol || "none"}, extensions ${extensions || "none"}`;
  }

  function endingOf({ code, reason, wasClean }, wasOpen) {
    const why = reason ? `reason "${reason}"` : "no reason";
    const how = wasOpen ? "without a closing handshake" : "it never opened, and browsers do not say why";
    return `Connection closed with code ${code} (${meaningOf(code)}), ${why}${wasClean ? "" : `, ${how}`}`;
  }

  // What comes next

  /** The button that comes next stands out, and gets the focus from the one that was pressed; nothing scrolls. */
  function showNext() {
    const state = stateOf(socket);
    const isRefused = url !== null && !url.validity.valid;
    controls.open.classList.toggle("primary", state === WebSocket.CLOSED && !isRefused);
    controls.send.classList.toggle("primary", state === WebSocket.OPEN);
    if (state === WebSocket.OPEN && hasFocus(controls.open)) field.focus({ preventScroll: true });
    if (state === WebSocket.CLOSED && isLeft()) controls.open.focus({ preventScroll: true });
  }

  /** Whether the focus is where nothing can be done without a connection. */
  function isLeft() {
    const isTyping = performance.now() - typedAt < TYPING_MS;
    return hasFocus(controls.send) || hasFocus(controls.close) || (hasFocus(input) && !isTyping);
  }

  function hasFocus(element) {
    return element === document.activeElement;
  }

  function showTarget() {
    try {
      byId("target").textContent = targetOf(location);
    } catch (error) {
      list.write(error.message);
    }
  }

  /** The other pages speak to the same host and port. */
  function keepTargetInLinks() {
    for (const link of document.querySelectorAll("nav a")) link.search = location.search;
  }

  // Start

  async function sendOnEnter(event) {
    // Enter that ends the composition of a character, as in Japanese, does not send.
    if (event.key !== "Enter" || event.isComposing) return;
    await send();
    field.select();
  }

  controls.open.addEventListener("click", open);
  controls.send.addEventListener("click", send);
  controls.close.addEventListener("click", close);
  input.addEventListener("keydown", sendOnEnter);
  input.addEventListener("input", () => { typedAt = performance.now(); });
  url?.addEventListener("judged", showNext);
  // A page that is left, perhaps to come back as it was, ends its connection.
  addEventListener("pagehide", () => socket?.close());
  if (!url) showTarget();
  keepTargetInLinks();
}
