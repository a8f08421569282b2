// Keys: Ctrl+Enter sends, Escape cancels, and single keys press the links and buttons of the page.

import { $, $$, byId, focused, hasUnsentText, inboxAddress, on } from "./dom.js";

const current = () => focused().closest("article.msg, .card-u");

// Moves the focus to the next message or card (`step` is 1) or to the previous one (-1) that `fits`.
function move(step, fits = () => true) {
  const all = $$("article.msg, .card-u").filter((stop) => stop.checkVisibility());
  const at = all.indexOf(current());
  const stop = (step > 0 ? all.slice(at + 1) : all.slice(0, Math.max(at, 0)).reverse()).find(fits);
  (stop?.matches("li") ? $("a", stop) : stop)?.focus();
}

// Presses the control that has this key: inside the current message, in its thread, or in the bar.
function press(key) {
  const at = current();
  const control = `[data-key="${key}"]`;
  const inside = at && ($(control, at) || $(`:scope > .thread ${control}`, at.parentElement));
  (inside || $(`.bar ${control}`))?.click();
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  n: () => move(1, (stop) => stop.matches(".is-unread, .card-u")),
  "?": () => byId("keys").showPopover(),
};

let previous; // The key before this one, for "g i".

on("keydown", (event) => {
  const { key, target, target: { form } } = event;
  const control = event.ctrlKey || event.metaKey;
  const cancel = form && $("[data-cancel], [data-cancel-edit]", form);
  if (key === "Enter" && control && target.matches("textarea")) form?.requestSubmit($("[name=send]", form));
  if (key === "Escape" && cancel && !hasUnsentText(form)) cancel.click();
  if (document.body.dataset.shortcuts !== "on" || control || event.altKey) return;
  if (target.matches("input, textarea, select") || $(":popover-open")) return;
  const both = previous + key;
  previous = key;
  if (both === "gi") location.assign(inboxAddress());
  else if (actions[key]) actions[key]();
  else if ("reuohc/".includes(key)) press(key);
  else if (key === "Enter" && target.matches("article")) press("o");
  else return;
  event.preventDefault();
});
