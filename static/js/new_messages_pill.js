// New messages join the conversation when the reader presses the pill that announces them.

import { $, $$, byId, changeAnswer, numberInId, on, textOf } from "./dom.js";

// The page may already show some of them: the reader has sent messages in the meantime.
function merge(content) {
  const dividers = $$("#feed .day").map(textOf);
  for (const item of $$(":scope > .day", content))
    if (dividers.includes(textOf(item))) item.remove();
  for (const item of $$(":scope > .node", content)) {
    const article = $("article", item);
    const next = $$("#feed > .node").find((one) => numberInId($("article", one)) > numberInId(article));
    if (byId(article.id)) item.remove();
    else if (next) {
      next.before(item);
      htmx.process(item);
    }
  }
}

on("htmx:beforeSwap", ({ detail }) => {
  if (!detail.requestConfig.elt.closest("#new-pill")) return;
  if (detail.xhr.status === 200 && detail.shouldSwap) changeAnswer(detail, merge);
});
