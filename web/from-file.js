"use strict";

// Makes the page work when it is opened as a file.
//
// The origin of a file: page is "null", and browsers load a module only from the same origin or by CORS,
// so they refuse echo-chamber.js beside the page.
// A classic script has no such rule: when the module was refused, the same file is loaded as one.
// A page from a server never needs this.
//
// Deferred scripts and modules run in the order of their tags, and this tag comes first:
// the listener stands before the refusal is reported.
if (location.protocol === "file:") {
  const refused = document.querySelector("script[type=module]");
  refused.addEventListener("error", () => {
    const classic = document.createElement("script");
    classic.src = refused.src;
    document.head.append(classic);
  });
}
