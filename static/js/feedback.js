// What the reader learns about a request: a toast when it fails, a sentence for screen readers when it succeeds,
// and the number of unread messages in the title of the window.

import { $, byId, on, sendsInBackground } from "./dom.js";

on("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  // Nobody looks at a hidden window, so it loads nothing.
  if (document.hidden && requestConfig.verb === "get" && !sendsInBackground(elt)) event.preventDefault();
});

// Only answers with our header are swapped in. A proxy, or a network that wants the reader to sign in, may answer
// with a page of its own. The status 204 has no content.
on("htmx:beforeSwap", ({ detail }) => {
  const ours = detail.xhr.getResponseHeader("Parley-Part");
  detail.shouldSwap = ours && detail.xhr.status !== 204;
  detail.isError = !ours;
});

// A listener that shows a toast. `reason` names a text of the template: data-failed, data-foreign or data-offline.
const showFailure = (reason) => ({ detail: { elt, xhr } }) => {
  if (sendsInBackground(elt)) return;
  const { content, dataset } = byId("toast-error");
  const toast = content.cloneNode(true);
  $("p", toast).textContent = dataset[reason || (xhr.status < 400 ? "foreign" : "failed")];
  $("[data-retry]", toast).onclick = ({ target }) => {
    dismiss(target);
    elt.focus();
    elt.matches("form") ? elt.requestSubmit() : elt.click();
    htmx.trigger(elt, "retry"); // A click on a field sends nothing: fields listen to this event.
  };
  byId("toasts").prepend(toast);
};
on("htmx:responseError", showFailure());
on("htmx:sendError", showFailure("offline"));
on("htmx:timeout", showFailure("failed"));

function dismiss(button) {
  button.closest("[data-toast]").remove();
  $("#main").focus();
}
on("click", ({ target }) => target.closest("[data-dismiss]") && dismiss(target));

on("htmx:afterSettle", ({ detail: { requestConfig } }) => {
  const count = byId("unread-count")?.dataset.unread;
  document.title = document.title.replace(/^(\(\d+\) )?/, count > 0 ? `(${count}) ` : "");
  const elt = requestConfig?.elt;
  if (elt?.dataset.live && !sendsInBackground(elt)) byId("live").textContent = elt.dataset.live;
});
