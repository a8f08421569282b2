// A form without htmx is sent once, however often its button is pressed.

import { $, $$, byId, hasUnsentText, on } from "./dom.js";

let sending = false;

// Whether the browser leaves this page because it sends a form.
export const isSending = () => sending;

on("submit", (event) => {
  const form = event.target;
  if (form.matches("[hx-post], #actions") || event.defaultPrevented) return;
  if (sending) event.preventDefault();
  sending = true;
  setTimeout(() => (sending = false), 5000); // The reader may have stopped the browser.
});

// After "back" the browser returns the text of a form, and not the key that it was sent under.
// Under that key the same text is the same message, and not sent twice.
function returnKey(key) {
  if (history.state?.clientKey && hasUnsentText(key.form)) key.value = history.state.clientKey;
  history.replaceState({ ...history.state, clientKey: key.value }, "");
}

addEventListener("pageshow", ({ persisted }) => {
  sending = false;
  $$("form:not([hx-post]) > [name=client_key]").forEach(returnKey);
  // The browser kept this page for "back": the page does not show what was done since.
  if (persisted && !hasUnsentText()) location.reload();
});

// The lines of the inbox to answer in. Nothing keeps what is typed there, so the browser asks before the reader leaves
// it. When the list is drawn anew, the text goes into the same line, or its line stays.
const typedLines = () => $$(".quick").filter(hasUnsentText);
let typed = [];

addEventListener("beforeunload", (event) => {
  if (!sending && typedLines().length) event.preventDefault();
});
on("htmx:beforeSwap", ({ detail: { target } }) => {
  if (target.id === "unread") typed = typedLines();
});
on("htmx:afterSettle", () => {
  for (const line of typed) {
    const drawnAnew = byId(line.id);
    if (drawnAnew) drawnAnew.elements.content.value = line.elements.content.value;
    else $("#unread").append(line);
  }
  typed = [];
});

// htmx takes over new buttons and links 20 ms after it has put them into the page. Whoever is quicker, by a key, would
// send the plain form and load the page anew.
on("htmx:afterSwap", ({ target }) => htmx.process(target));
