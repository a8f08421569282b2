// New messages join the conversation by themselves where the reader is at its end, and is kept there. Elsewhere a
// pill announces them, and they join when it is pressed.

import { $, $$, byId, changeAnswer, focused, numberInId, on } from "./dom.js";

const page = document.scrollingElement;
const isAtEnd = () => page.scrollHeight - page.scrollTop - innerHeight < 48;
let following = false;
let endTop = 0; // Where the window stood at the end last.

function goToEnd() {
  page.scrollTop = page.scrollHeight;
  endTop = page.scrollTop;
}
const isNewest = () => byId("latest"); // The page shows the newest messages, not older ones.

// Whether the reader stays at the end: until they move up. That the page has grown below is no move, and the event
// of a scroll comes too late to tell one from the other.
function stillFollows() {
  if (isAtEnd()) {
    following = true;
    endTop = page.scrollTop;
  } else if (page.scrollTop < endTop - 1) following = false;
  return following;
}
addEventListener("scroll", stillFollows, { passive: true });

// Opened without a place to go to, a conversation shows its end.
if (isNewest() && !location.hash && !page.scrollTop) goToEnd();
stillFollows();

// How much of the window the foot covers: what takes the focus or is addressed scrolls clear of it.
const foot = byId("foot");
if (foot)
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--covered", `${foot.offsetHeight}px`);
    if (stillFollows()) goToEnd();
  }).observe(foot);

// What the reader has selected, or works on in the list, stays where it is.
const isBusy = () => $("#feed").contains(focused()) || !getSelection().isCollapsed || document.hidden;

function join() {
  const link = $("#new-pill a[hx-get]");
  if (!link || !stillFollows() || isBusy() || link.dataset.background) return;
  link.dataset.background = "joins";
  htmx.trigger(link, "join");
}

// The page may already show some of them: the reader has sent messages in the meantime.
function merge(content) {
  const dates = new Set($$("#feed .day time").map((time) => time.dateTime));
  for (const item of [...content.children]) {
    const day = item.matches(".day") && $("time", item);
    if (day && dates.has(day.dateTime)) item.remove();
    if (!item.matches(".node")) continue;
    const article = $("article", item);
    // A message that is being edited may be out of the page for the moment of this swap. In the order of latest
    // activity, what comes belongs at the end.
    const next = !byId("feed").dataset.byActivity && $$("#feed > .node:has(> article)")
      .find((one) => numberInId($("article", one)) > numberInId(article));
    if (byId(article.id)) item.remove();
    else if (next) {
      next.before(item);
      htmx.process(item);
    }
  }
}

let pressed; // The first of the messages that the reader asked for by the pill.

on("htmx:beforeSwap", ({ detail }) => {
  const { elt } = detail.requestConfig;
  // An answer was lost, and the message it was about came as news. The answer to the second try brings it again.
  if (elt.id === "composer" && detail.xhr.status === 200 && detail.shouldSwap) {
    changeAnswer(detail, (content) => $$("ol[hx-swap-oob]", content).forEach(merge));
  }
  if (!elt.closest("#new-pill") || detail.xhr.status !== 200 || !detail.shouldSwap) return;
  changeAnswer(detail, (content) => {
    merge(content);
    pressed = elt.dataset.background ? null : $(".node > article", content)?.id;
  });
});

on("htmx:afterSettle", ({ detail: { requestConfig, xhr } }) => {
  const elt = requestConfig?.elt;
  if (elt?.id === "composer" && xhr.status === 200) goToEnd(); // One's own message is whole and in view.
  else if (stillFollows() && isNewest()) goToEnd();
  if (pressed) byId(pressed)?.focus();
  pressed = null;
  join();
});

// A place that the reader leaves may be what kept a message waiting.
on("focusout", () => setTimeout(join));
on("visibilitychange", join);
