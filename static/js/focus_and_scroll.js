// Readers keep their place: the focus after a swap, and the scroll position of the list of conversations.

import { $, $$, byId, focused, inboxAddress, on, sendsInBackground } from "./dom.js";

let before; // The element that had the focus when the request was sent.
let next; // Finds the element that takes the focus, for answers that name none by `autofocus`.

on("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (sendsInBackground(elt)) return;
  before = focused();
  next = elt.dataset.then && (() => $(elt.dataset.then));
  const item = elt.closest("li.card-u, li.older, li.more");
  if (!item) return;
  // The item disappears: the focus goes to the next card, or to the first item that was loaded in its place.
  const isCard = item.matches(".card-u");
  const list = isCard ? byId("unread") : item.parentElement;
  const itemsOf = () => (isCard ? $$(".card-u", list) : [...list.children]);
  const position = itemsOf().indexOf(item);
  next = () => {
    const items = itemsOf();
    return [...items.slice(position), ...items.slice(0, position).reverse()]
      .map((one) => $("article, a:not(.btn)", one)).find(Boolean);
  };
});

// What had the focus may have been drawn again: by the answer, or by a change that came in the same moment.
function giveFocusBack() {
  if (focused() !== document.body || !before) return;
  (before.isConnected ? before : before.id && byId(before.id))?.focus?.();
}
on("htmx:afterRequest", giveFocusBack);
on("pointerdown", () => (before = null)); // Who points elsewhere wants the focus elsewhere.

on("htmx:afterSettle", ({ detail: { requestConfig, xhr } }) => {
  if (sendsInBackground(requestConfig?.elt)) return giveFocusBack();
  if (next && xhr.status < 400) (next() || $("h1")).focus();
  next = null;
  giveFocusBack();
  // The last card has gone. The server draws the rest: older cards, or an empty inbox.
  if ($("#unread .groups:not(:has(.card-u))")) htmx.ajax("GET", inboxAddress(), { target: "#unread", swap: "outerHTML" });
});

// The caret of an edit stands after the last letter. Once, as the box takes the focus: what the writer selects
// from then on stays selected.
on("focusin", ({ target: box }) => {
  if (!("caretEnd" in box.dataset)) return;
  delete box.dataset.caretEnd;
  const hasSelection = box.selectionStart !== box.selectionEnd;
  if (!hasSelection) box.setSelectionRange(box.value.length, box.value.length);
});

// A search that was typed while the scripts were still loading is sent now.
on("DOMContentLoaded", () => {
  const box = focused();
  if (box.matches("input[hx-get]") && box.value !== box.defaultValue) htmx.trigger(box, "retry");
});

const list = $(".side");
if (list) {
  list.scrollTop = sessionStorage.side || 0;
  addEventListener("pagehide", () => (sessionStorage.side = list.scrollTop));
}
