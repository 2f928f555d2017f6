"use strict";

// <line-announcer>: says to a screen reader what a <message-list> shows.
//
// A live region queues every change of it, and a flood would be read aloud for minutes.
// So lines are collected, and there is at most one announcement every two seconds:
// a single message as it is, several as their number, and states such as "CONNECTED" always as they are.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
{
  const COLLECT_MS = 100; // A message and its echo are one announcement.
  const PAUSE_MS = 2000; // From one announcement to the next.
  const MOST_STATES = 3; // In one announcement: the last ones.
  const MOST_SPOKEN = 200; // Characters of one line.
  const COUNTED = { received: "messages received", sent: "messages sent" };

  class LineAnnouncer extends HTMLElement {
    #lines = new Map(); // Kind to texts, the kind of the last line last.
    #timer = 0;
    #announcedAt = -PAUSE_MS;

    connectedCallback() {
      this.role = "status";
    }

    add(text, kind) {
      const texts = this.#lines.get(kind) ?? { count: 0, last: [] };
      texts.count += 1;
      texts.last = [...texts.last.slice(1 - MOST_STATES), text.slice(0, MOST_SPOKEN).trim()];
      this.#lines.delete(kind);
      this.#lines.set(kind, texts);
      const pause = this.#announcedAt + PAUSE_MS - performance.now();
      this.#timer ||= setTimeout(() => this.#announce(), Math.max(COLLECT_MS, pause));
    }

    #announce() {
      this.#timer = 0;
      this.#announcedAt = performance.now();
      const sentence = document.createElement("span");
      sentence.textContent = [...this.#lines].map(sentenceOf).join(". ");
      this.#lines.clear();
      // A new element, since the same text again would be no change.
      this.replaceChildren(sentence);
    }
  }

  function sentenceOf([kind, { count, last }]) {
    const isCounted = count > 1 && kind in COUNTED;
    return isCounted ? `${count} ${COUNTED[kind]}` : last.join(". ");
  }

  customElements.define("line-announcer", LineAnnouncer);
}
