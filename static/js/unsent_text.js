// Text that is not sent yet: the browser asks before the reader leaves it, a swap keeps it, Cancel discards it.

import { $, $$, byId, focused, hasUnsentText, on } from "./dom.js";
import { isSending } from "./plain_forms.js";

// Drafts are kept (drafts.js). The rest is not: an edit, a message to somebody who is chosen with
// it, and a text that was refused.
addEventListener("beforeunload", (event) => {
  const isKept = (form) => form.dataset.draft && !form.matches(".is-invalid, :has(.is-invalid)");
  const losesText = (form) => !isKept(form) && hasUnsentText(form);
  if (!isSending() && $$("form:has(textarea)").some(losesText)) event.preventDefault();
});

// Cancel empties the slot below the message. On a page of its own Cancel is a link.
on("click", (event) => {
  const slot = byId(event.target.closest("[data-cancel]")?.dataset.cancel);
  if (!slot) return;
  event.preventDefault();
  slot.replaceChildren();
  $("[data-key=r]", slot.parentElement).focus();
});

// Forms with unsent text leave the page before a swap and return after it.

const setAside = new Map(); // Each form, with the id of its place.
let box; // The text box that takes the focus when its form returns.

function takeOut({ detail: { target, requestConfig, shouldSwap } }) {
  if (!shouldSwap) return;
  for (const form of $$(".slot form, .is-editing", target)) {
    if (!hasUnsentText(form) || form.contains(requestConfig?.elt)) continue;
    setAside.set(form, form.id || form.parentElement.id);
    if (target.matches(".slot")) box = $("textarea", form);
    form.remove();
  }
}
on("htmx:beforeSwap", takeOut);
on("htmx:oobBeforeSwap", takeOut);

on("htmx:afterSettle", () => {
  for (const [form, id] of setAside) {
    const place = byId(id);
    if (!place) $("#main .page").append(form);
    else form.id ? place.replaceWith(form) : place.replaceChildren(form);
  }
  setAside.clear();
  if (focused() === document.body) box?.focus();
  box = null;
});
