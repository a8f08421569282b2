// Keys: Enter or Ctrl+Enter sends, Escape cancels, and single keys press the links and buttons of the page. Where a
// conversation has just been opened, what is typed goes into its text box.

import { $, $$, byId, focused, hasUnsentText, inboxAddress, on } from "./dom.js";

const current = () => focused().closest("article.msg, .card-u");
const hasKeyboard = matchMedia("(any-pointer: fine)"); // A device without a mouse is taken to have none.

const isInView = (stop) => {
  const { top, bottom } = stop.getBoundingClientRect();
  return bottom > 80 && top < innerHeight - (byId("foot")?.offsetHeight ?? 0);
};

// Moves the focus to the next message or card (`step` is 1) or to the previous one (-1) that `fits`. Where none has
// the focus, to the first or the last one in view.
function move(step, fits = () => true) {
  const all = $$("article.msg, .card-u").filter((stop) => stop.checkVisibility());
  const at = all.indexOf(current());
  const inOrder = step > 0 ? all : all.toReversed();
  const from = at < 0 ? inOrder.findIndex(isInView) : inOrder.indexOf(all[at]) + 1;
  const stop = from < 0 ? undefined : inOrder.slice(from).find(fits);
  (stop?.matches("li") ? $("a", stop) : stop)?.focus();
}

// Whether this key sends what stands in `box`. While an input method composes, Enter belongs to it.
function sends(box, { key, isComposing, keyCode, shiftKey, altKey }, control) {
  if (key !== "Enter" || isComposing || keyCode === 229) return false;
  return control || (box.dataset.enter === "sends" && !shiftKey && !altKey && hasKeyboard.matches);
}

// Keys in the text box of a conversation that is empty.
function leaveEmptyBox(key) {
  if (key === "ArrowUp") $$("#feed .is-own [data-key=e]").at(-1)?.click();
  else if (key === "Escape") move(-1);
  else return false;
  return true;
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
  if (target.matches("textarea") && form && sends(target, event, control)) {
    event.preventDefault();
    return form.requestSubmit($("[name=send]", form));
  }
  if (target.matches(".composer textarea") && !target.value && leaveEmptyBox(key)) return event.preventDefault();
  if (key === "Escape" && cancel && !hasUnsentText(form)) cancel.click();
  if (control || event.altKey || target.matches("input, textarea, select") || $(":popover-open")) return;
  const box = $(".composer textarea");
  if (box && focused() === document.body && key.length === 1 && key !== " " && hasKeyboard.matches) return box.focus();
  if (document.body.dataset.shortcuts !== "on") return;
  const both = previous + key;
  previous = key;
  if (both === "gi") location.assign(inboxAddress());
  else if (actions[key]) actions[key]();
  else if ("reuohc/".includes(key)) press(key);
  else if (key === "Enter" && target.matches("article")) press("o");
  else return;
  event.preventDefault();
});
