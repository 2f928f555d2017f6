"use strict";

// The page of one WebSocket connection: open it, send text, watch what comes back, close it.
//
// The rules:
// * Every button answers in every state, with a line under the controls; nothing here throws.
// * SENT is written only for a message that was handed to an open connection.
// * What a peer sends is shown as text and never read as HTML.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
// Hence no import and no export, and a block that keeps its names out of the global scope.
{
  const DEFAULT_HOST = "localhost";
  const DEFAULT_PORT = "9001";

  const input = document.getElementById("messageinput");
  const messages = document.getElementById("messages");
  const path = document.body.dataset.endpoint;

  let socket = null;

  // Where to connect

  /** The WebSocket URL that belongs to the address of this page; throws a RangeError that says what is wrong. */
  function targetOf(page) {
    const asked = new URLSearchParams(page.search);
    const isFile = page.protocol === "file:";
    const scheme = page.protocol === "https:" ? "wss:" : "ws:";
    const host = asked.get("host") || (isFile ? DEFAULT_HOST : page.hostname);
    const port = asked.get("port") || (isFile ? DEFAULT_PORT : page.port);
    return `${scheme}//${checkedHost(host)}${checkedPort(port)}${path}`;
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
      write("WebSocket is already opened.");
      return;
    }
    try {
      socket = connect(targetOf(location));
    } catch (error) {
      // A bad address, or one that the browser refuses to connect to, such as a blocked port.
      write(`Cannot open: ${error.message}`);
    }
  }

  function send() {
    if (stateOf(socket) !== WebSocket.OPEN) {
      write(`Not sent: ${whyNotOpen()}`);
      return;
    }
    const text = input.value;
    socket.send(text);
    write(`SENT ${text}`, "sent");
  }

  function close() {
    const state = stateOf(socket);
    if (state === WebSocket.CLOSED) {
      write(`Nothing to close: ${whyNotOpen()}`);
    } else if (state === WebSocket.CLOSING) {
      write("The connection is already closing.");
    } else {
      socket.close();
    }
  }

  // The connection

  function connect(url) {
    const opened = new WebSocket(url);
    opened.binaryType = "arraybuffer";
    opened.onopen = () => write("CONNECTED ");
    opened.onmessage = (event) => write(`RECEIVED: ${readable(event.data)}`, "received");
    // Also after a connection that never opened: the browser does not tell a page what went wrong.
    opened.onclose = () => write("Connection closed ");
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

  // What is shown

  /** Text as it is; binary as hex, marked, since a text message can look like hex too. */
  function readable(data) {
    if (typeof data === "string") return data;
    const octets = Array.from(new Uint8Array(data), (octet) => octet.toString(16).padStart(2, "0"));
    const size = octets.length === 1 ? "1 byte" : `${octets.length} bytes`;
    return [...octets, `(binary, ${size})`].join(" ");
  }

  /** Add one line. `kind` chooses its colour; the words alone say everything. */
  function write(text, kind = "state") {
    const wasAtEnd = isScrolledToEnd();
    const line = document.createElement("li");
    line.className = kind;
    line.textContent = text;
    messages.append(line);
    // A list that was scrolled up stays where it is.
    if (wasAtEnd) window.scrollTo(0, document.documentElement.scrollHeight);
  }

  function isScrolledToEnd() {
    const slack = 8; // CSS pixels: zoomed pages end at fractions.
    const page = document.documentElement;
    return window.scrollY + window.innerHeight >= page.scrollHeight - slack;
  }

  function showTarget() {
    try {
      document.getElementById("target").textContent = targetOf(location);
    } catch (error) {
      write(error.message);
    }
  }

  /** The other pages speak to the same host and port. */
  function keepTargetInLinks() {
    for (const link of document.querySelectorAll("nav a")) link.search = location.search;
  }

  // Start

  function sendOnEnter(event) {
    // Enter that ends the composition of a character, as in Japanese, does not send.
    if (event.key !== "Enter" || event.isComposing) return;
    send();
    input.select(); // The next message replaces this one.
  }

  document.getElementById("open").addEventListener("click", open);
  document.getElementById("send").addEventListener("click", send);
  document.getElementById("close").addEventListener("click", close);
  input.addEventListener("keydown", sendOnEnter);
  showTarget();
  keepTargetInLinks();
}
