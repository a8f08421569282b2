// A form without htmx is sent once, however often its button is pressed.

import { $$, hasUnsentText, on } from "./dom.js";

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

// htmx takes over new buttons and links 20 ms after it has put them into the page. Whoever is quicker, by a key, would
// send the plain form and load the page anew.
on("htmx:afterSwap", ({ target }) => htmx.process(target));
