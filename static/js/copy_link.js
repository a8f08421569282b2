// A button copies the link that stands in the field beside it.

import { byId, on } from "./dom.js";

on("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  byId(button.dataset.copy).select();
  // Without https browsers have no clipboard for scripts, but still the command.
  // A window that has just lost the focus may not use it either.
  const copied = navigator.clipboard?.writeText(byId(button.dataset.copy).value).then(() => true, () => false);
  if (!(await copied)) document.execCommand("copy");
  byId("live").textContent = button.dataset.copied;
  button.textContent = button.dataset.copied;
});
