"use strict";

// Makes the page work when it is opened as a file.
//
// The origin of a file: page is "null", and browsers load a module only from the same origin or by CORS,
// so they refuse the modules beside the page.
// A classic script has no such rule: when the first module was refused, all of them are loaded as such scripts.
// A page from a server never needs this.
//
// Hence the modules have no import and no export: they are custom elements, which find each other in the page,
// and a block in each keeps its names out of the global scope.
//
// Deferred scripts and modules run in the order of their tags, and this tag comes first:
// the listener stands before the refusal is reported.
if (location.protocol === "file:") {
  const modules = [...document.querySelectorAll("script[type=module]")];
  modules[0].addEventListener("error", () => {
    for (const { src } of modules) {
      // Not async: they run in this order.
      document.head.append(Object.assign(document.createElement("script"), { src, async: false }));
    }
  });
}
