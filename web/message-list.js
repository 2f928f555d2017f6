"use strict";

// <message-list>: what happened, a line each, around an <ol>.
//
// The rules:
// * Lines are collected and shown once a frame: the position is read once, all lines are added, the position is set
//   once. A line that asked for its own layout made the time grow with the square of the number of lines.
// * The view follows the end, unless it was scrolled up: it is its moves that count, since what stands around the list
//   may grow and leave the end further down.
// * Lines and characters are bounded. The oldest lines go, and a note above the list counts them.
// * What a peer sends is shown as text and never read as HTML.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
{
  const MOST_LINES = 10_000;
  const MOST_CHARACTERS = 2_000_000; // In all lines together.
  const MOST_SHOWN = 10_000; // Characters of one message.
  const MOST_BYTES = 256; // Of one binary message.
  const HIDDEN_MS = 250; // A hidden page has no frames.
  const SLACK = 8; // CSS pixels: zoomed pages end at fractions.

  class MessageList extends HTMLElement {
    #list = this.querySelector("ol");
    #note = make("p", { className: "dropped", hidden: true });
    #announcer = make("line-announcer");
    #waiting = []; // Lines that are not in the list yet.
    #frame = 0;
    #timer = 0;
    #lines = 0; // With those that wait, as are the characters.
    #characters = 0;
    #dropped = 0;
    #startedAt = 0;
    #follows = true;
    #top = 0; // Where the view was when it was looked at last.

    connectedCallback() {
      this.#list.before(this.#note);
      this.append(this.#announcer);
      document.addEventListener("scroll", () => this.#look(scrolledBy(this)), { capture: true, passive: true });
    }

    /** Start again, with the time 0. */
    clear() {
      this.#flush();
      this.#list.replaceChildren();
      this.#lines = this.#characters = this.#dropped = 0;
      this.#note.hidden = true;
      this.#startedAt = performance.now();
    }

    /** Add one line. `kind` chooses its colour; the words alone say everything. */
    write(text, kind = "state") {
      const line = make("li", { className: kind });
      line.append(...contentOf(visible(text)));
      if (this.hasAttribute("timed")) line.prepend(this.#time());
      this.#announcer.add(text, kind);
      this.#add(line);
    }

    /** Add the line of one message, whole or its beginning: a string, or an ArrayBuffer, which is shown as hex. */
    show(word, data, kind, rest = "") {
      this.write(word + (typeof data === "string" ? shortened(data) : dumped(data)) + rest, kind);
    }

    #time() {
      return `${(performance.now() - this.#startedAt).toFixed(0)} ms `.padStart(10);
    }

    #add(line) {
      this.#waiting.push(line);
      this.#lines += 1;
      this.#characters += line.textContent.length;
      if (this.#waiting.length > MOST_LINES) this.#flush();
      else if (this.#waiting.length === 1) this.#schedule();
    }

    /** In the next frame; a page that is hidden meanwhile gets none. */
    #schedule() {
      const flush = () => this.#flush();
      this.#frame = requestAnimationFrame(flush);
      this.#timer = setTimeout(flush, HIDDEN_MS);
    }

    #flush() {
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      const view = scrolledBy(this);
      this.#look(view);
      this.#list.append(...this.#waiting);
      this.#waiting = [];
      this.#drop();
      if (!this.#follows) return;
      view.scrollTop = view.scrollHeight;
      this.#top = view.scrollTop;
    }

    /** At the end it follows, and no longer once it has moved up from there. */
    #look(view) {
      const top = view.scrollTop;
      if (top + view.clientHeight >= view.scrollHeight - SLACK) this.#follows = true;
      else if (top < this.#top) this.#follows = false;
      this.#top = top;
    }

    #drop() {
      while (this.#lines > MOST_LINES || this.#characters > MOST_CHARACTERS) {
        const first = this.#list.firstElementChild;
        this.#lines -= 1;
        this.#characters -= first.textContent.length;
        this.#dropped += 1;
        first.remove();
      }
      if (this.#dropped === 0) return;
      const bounds = `${MOST_LINES} lines and ${MOST_CHARACTERS} characters`;
      this.#note.textContent = `… ${this.#dropped} earlier lines, no longer shown (at most ${bounds} are)`;
      this.#note.hidden = false;
    }
  }

  /** What scrolls an element: the nearest column that does, or the page. */
  function scrolledBy(element) {
    for (let above = element; above !== document.body; above = above.parentElement) {
      if (getComputedStyle(above).overflowY === "auto") return above;
    }
    return document.documentElement;
  }

  // Messages as text

  function shortened(text) {
    if (text.length <= MOST_SHOWN) return text;
    // Half of a surrogate pair is no character.
    const beginning = text.slice(0, MOST_SHOWN).replace(/[\ud800-\udbff]$/, "");
    return `${beginning}… (${text.length} characters, the first ${beginning.length} shown)`;
  }

  /** Binary as hex, marked, since a text message can look like hex too. */
  function dumped(buffer) {
    const octets = Array.from(new Uint8Array(buffer, 0, Math.min(buffer.byteLength, MOST_BYTES)), hex);
    const size = buffer.byteLength === 1 ? "1 byte" : `${buffer.byteLength} bytes`;
    const isWhole = buffer.byteLength <= MOST_BYTES;
    return [...octets, isWhole ? `(binary, ${size})` : `… (binary, ${size}, the first ${MOST_BYTES} shown)`].join(" ");
  }

  function hex(octet) {
    return octet.toString(16).padStart(2, "0");
  }

  // Text that would hide something

  /** Controls but line end and tab, what turns the direction, and characters without width that join nothing. */
  const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

  /** The text with the number of each character that cannot be seen in its place, such as ⟨U+001B⟩. */
  function visible(text) {
    return text.replace(UNSEEN, (unseen) => `⟨U+${unseen.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
  }

  /** What runs from right to left is isolated, so that it leaves the words around it in their places. */
  function contentOf(text) {
    if (!RIGHT_TO_LEFT.test(text)) return [text];
    const [, word, rest] = /^(\S*\s)?([^]*)$/.exec(text);
    return [word ?? "", make("bdi", { textContent: rest })];
  }

  function make(tag, properties = {}) {
    return Object.assign(document.createElement(tag), properties);
  }

  customElements.define("message-list", MessageList);
}
