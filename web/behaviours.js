"use strict";

// The list of behaviours: tick them, and see the URL, and what the daemon says of it.
//
// The rules:
// * The list, and what is right, come from the daemon; nothing of it is written here a second time.
// * The URL can be edited, and is what is opened (by echo-chamber.js).
// * A verdict is about the URL that stands there: it goes when the URL changes.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
{
  const PAUSE_MS = 150; // After the last key, before the daemon is asked.
  const LOCAL = "http://localhost:9001/"; // For a page that is a file.
  const LONGEST = 500; // Characters of an answer; a proxy may answer with a page of its own.

  const byId = (id) => document.getElementById(id);
  const url = byId("url");
  const verdict = byId("verdict");
  const opened = new Map(); // The paths that were tried, and whether they open.

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
      say("Could not load the list of behaviours: is the daemon running with --behaviours on?", "wrong");
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
    const query = queryOf(document.querySelectorAll(".parameter"));
    url.value = `${endpointUrl(byId("endpoint").value)}${query && `?${query}`}`;
    ask();
  }

  /** Beside this page: a reverse proxy may have the pages and the endpoints in a folder. */
  function endpointUrl(path) {
    const { href } = new URL(`.${path}`, location.protocol === "file:" ? LOCAL : location.href);
    return href.replace(/^http/, "ws");
  }

  // The verdict

  /** Let the daemon judge the URL, once the typing pauses. */
  function ask() {
    if (!hasList) return;
    clearTimeout(asking);
    question += 1;
    judge("", "");
    asking = setTimeout(askNow, PAUSE_MS);
  }

  async function askNow() {
    const number = question;
    const verdict = await verdictOn(url.value.trim());
    if (number === question) judge(...verdict);
  }

  /** A sentence about a URL, and `good` or `wrong`; neither for what cannot be told from here. */
  async function verdictOn(text) {
    const address = URL.canParse(text) ? new URL(text) : null;
    if (!/^wss?:$/.test(address?.protocol)) return ["Not a WebSocket URL: it begins with ws:// or wss://.", "wrong"];
    if (text.includes("#")) return ["A WebSocket URL has no fragment; in a query, # is %23.", "wrong"];
    if (`${address.protocol}//${address.host}` !== location.origin.replace(/^http/, "ws")) {
      return ["Not checked: this is not the server that the page came from.", ""];
    }
    return await complaintAbout(address) ?? ["The server accepts this URL.", "good"];
  }

  async function complaintAbout({ protocol, host, pathname, search }) {
    try {
      const answer = await fetch(`behaviours${search}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return [(await answer.text()).slice(0, LONGEST), "wrong"];
    } catch {
      return ["The server does not answer.", "wrong"];
    }
    return await opens(`${protocol}//${host}${pathname}`) ? null
      : [`The server does not open a WebSocket on ${pathname} for this page.`, "wrong"];
  }

  /** Whether there is an endpoint: it is opened, without the query, and closed at once. Each is tried only once. */
  function opens(endpoint) {
    if (!opened.has(endpoint)) opened.set(endpoint, tried(endpoint));
    return opened.get(endpoint);
  }

  function tried(endpoint) {
    return new Promise((resolve) => {
      const trial = new WebSocket(endpoint);
      trial.onopen = () => {
        trial.close();
        resolve(true);
      };
      trial.onerror = () => {
        opened.delete(endpoint); // It may come later.
        resolve(false);
      };
    });
  }

  /** What is wrong makes the URL invalid, for the button Open and for screen readers. */
  function judge(text, kind) {
    say(text, kind);
    url.setCustomValidity(kind === "wrong" ? text : "");
    url.setAttribute("aria-invalid", kind === "wrong");
    url.dispatchEvent(new Event("judged"));
  }

  function say(text, kind) {
    verdict.textContent = text;
    verdict.className = kind;
  }

  // Start

  byId("endpoint").addEventListener("change", showUrl);
  url.addEventListener("input", ask);
  load();
}
