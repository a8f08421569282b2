// On touch, what can be done to a message is a sheet. A tap on a message opens it where no button is drawn, and it
// closes when something was chosen.

import { $, on } from "./dom.js";

const touches = matchMedia("(hover: none)");

on("click", ({ target }) => {
  const sheet = target.closest(".tools:popover-open");
  if (sheet) return target.closest(".tool") && sheet.hidePopover();
  const message = target.closest(".is-joined > .msg");
  if (!touches.matches || !message || target.closest("a, button, textarea, summary")) return;
  if (getSelection().isCollapsed) $(":scope > .tools", message)?.showPopover();
});
