"use strict";

// <message-field>: the message to send, as text, as bytes in hex, or a file; one of the three is shown.
//
// This file is valid as a module and as a classic script: see from-file.js for the reason.
{
  const EXAMPLE = "48 65 6c 6c 6f";

  class MessageField extends HTMLElement {
    #format = this.querySelector("select");
    #text = this.querySelector("[type=text]");
    #file = this.querySelector("[type=file]");

    connectedCallback() {
      this.#format.addEventListener("change", () => this.#showFormat());
      // A browser that goes back may fill in the format of before.
      addEventListener("pageshow", () => this.#showFormat());
      this.#showFormat();
    }

    /** The message: a string, or an ArrayBuffer to be sent as binary; a RangeError says what is wrong with it. */
    async read() {
      if (this.#format.value === "file") return contentOf(this.#file.files[0]);
      return this.#format.value === "hex" ? bytesOf(this.#text.value) : this.#text.value;
    }

    focus(options) {
      this.#shown.focus(options);
    }

    /** The next message replaces this one. */
    select() {
      this.#text.select();
    }

    get #shown() {
      return this.#format.value === "file" ? this.#file : this.#text;
    }

    #showFormat() {
      for (const field of [this.#text, this.#file]) field.hidden = field !== this.#shown;
      this.#text.placeholder = this.#format.value === "hex" ? EXAMPLE : "";
      this.querySelector("label").htmlFor = this.#shown.id;
    }
  }

  async function contentOf(file) {
    if (file === undefined) throw new RangeError("choose a file first.");
    try {
      return await file.arrayBuffer();
    } catch (error) {
      throw new RangeError(`${file.name} cannot be read: ${error.message}`);
    }
  }

  /** Pairs of hex digits, with or without blanks, commas or colons between them, and 0x before them. */
  function bytesOf(text) {
    const groups = text.split(/[\s,:]+/).filter(Boolean);
    const wrong = groups.find((group) => !/^(0x)?([0-9a-f]{2})+$/i.test(group));
    if (wrong !== undefined) throw new RangeError(`"${wrong}" is not bytes in hex, as ${EXAMPLE} is.`);
    const pairs = groups.map((group) => group.replace(/^0x/i, "")).join("").match(/../g) ?? [];
    return Uint8Array.from(pairs, (pair) => parseInt(pair, 16)).buffer;
  }

  customElements.define("message-field", MessageField);
}
