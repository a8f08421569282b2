// Enter in "To" chooses the first person found, or the one chosen, and goes on to the message.

import { $, byId, on } from "./dom.js";

let waiting = false; // Enter was pressed before the answer to what is typed came.

function choose() {
  const person = $("#people :checked") || $("#people [name=to]");
  waiting = false;
  if (!person) return;
  person.checked = true;
  byId("body").focus();
}

on("keydown", (event) => {
  const { key, target, isComposing } = event;
  if (target.id !== "to-q") return;
  waiting = false; // Whoever types on wants somebody else.
  if (key !== "Enter" || isComposing) return;
  event.preventDefault();
  if (byId("people").dataset.foundBy === target.value.trim()) choose();
  else {
    waiting = true;
    htmx.trigger(target, "search");
  }
});

on("htmx:afterSettle", ({ target }) => {
  if (waiting && target.id === "people") choose();
});
