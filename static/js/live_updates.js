// Changes that happen elsewhere show on an open page. Without this module they show when the page is loaded again.
//
// A stream of events reports the newest version. If the page shows an older one, it asks the server for the
// differences and swaps them in. Of all visible windows of one browser, one holds the stream and passes versions on.

import { $, $$, byId, changeAnswer, focused, hasUnsentText, numberInId, on, textOf } from "./dom.js";

const shown = () => byId("changes").dataset; // A swap replaces the element.
const { reader, stream } = shown();
const hovers = matchMedia("(hover: hover)").matches;

// --- Asking for the differences

let asking = false;
let askAgain = false; // A new version was reported while an answer was on its way.
let postponed = false; // A difference waits until the reader has moved on.
let nextQuestion; // A timer.
let drawnWhenAsked;
let answered = 0; // The number of other requests that were answered: each may have changed what the page shows.
let answeredWhenAsked;

// Ids as text, each as its distance from the one before: so hundreds of them fit into an address.
const encodeIds = (elements) => elements.map(numberInId).sort((a, b) => a - b)
  .map((id, at, ids) => id - (ids[at - 1] || 0)).join(".");

const drawn = () => encodeIds($$("#main article.msg, #main .card-u"));
const readerIsWaiting = () => $("#progress.htmx-request");

function ask() {
  clearTimeout(nextQuestion);
  if (document.hidden) return;
  askAgain = asking;
  if (asking) return;
  if (readerIsWaiting()) return askIn(100); // The request of the reader comes first.
  asking = true;
  drawnWhenAsked = drawn();
  answeredWhenAsked = answered;
  const values = {
    since: shown().since,
    drawn: drawnWhenAsked,
    // A message that the reader has seen here counts as read, although it keeps its mark.
    new: encodeIds($$("#main .is-unread:not([data-seen])")),
  };
  htmx.ajax("GET", shown().url, { source: "#changes", swap: "none", values }).catch(() => {});
}

function askIn(milliseconds) {
  clearTimeout(nextQuestion);
  nextQuestion = setTimeout(ask, milliseconds);
}

on("htmx:afterRequest", ({ detail: { requestConfig, successful, xhr } }) => {
  if (requestConfig.elt.id !== "changes") {
    answered += 1;
    return;
  }
  asking = false;
  // The line "New" goes with the message below it, and the divider of a day with its last message.
  for (const line of $$("#feed > .new-line:not(:has(+ .node))")) line.remove();
  for (const day of $$("#feed > .day:not(:has(+ :is(.node, .new-line)))")) day.remove();
  if (xhr.status === 404) showEnd();
  // The reader has signed out, or the page is gone: asking again would not help.
  if ([401, 403, 404].includes(xhr.status)) return;
  if (!successful) askIn(retryDelay());
  else if (askAgain) askIn(200);
});

// The other person has deleted their account. What the reader was writing stays to be copied.
function showEnd() {
  const ended = byId("ended");
  if (!ended || $("#foot .ended")) return;
  $("#foot").append(ended.content.cloneNode(true));
  for (const control of $$("main form :is(button, input)")) control.disabled = true;
  for (const box of $$("main textarea")) box.readOnly = true;
  if (!hasUnsentText($("#foot"))) $("#composer")?.remove();
}

// --- Swapping the differences in: only real ones, and none where the reader is busy

on("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig.elt.id !== "changes") return;
  if (detail.xhr.status !== 200 || !detail.shouldSwap) {
    detail.shouldSwap = false; // The reader has asked for nothing, so no error page replaces anything.
    return;
  }
  if (drawnWhenAsked !== drawn() || answeredWhenAsked !== answered || readerIsWaiting()) {
    // The page has changed since it asked, or is about to: another answer, which may be older than this one, is
    // on its way, and nothing would ask again after it. So this answer is dropped, and the page asks again.
    detail.shouldSwap = false;
    askAgain = true;
    return;
  }
  changeAnswer(detail, removeWhatMustNotBeSwapped);
  keepScrollPosition();
});

const isBusy = (element) => element.contains(focused()) || element.matches(".is-editing") ||
  (hovers && element.matches(":hover")) || $("textarea, :popover-open", element);
const compared = "article, h1, li, summary, .thread, #conversation-list, #new-pill";

function removeWhatMustNotBeSwapped(content) {
  postponed = false;
  const pill = $("#new-pill", content);
  if (!pill || textOf(pill) === textOf(byId("new-pill"))) $("#live", content)?.remove();
  for (const piece of $$("[hx-swap-oob]", content)) {
    const place = placeOf(piece);
    const isDeletion = piece.getAttribute("hx-swap-oob").startsWith("delete");
    if (place && piece.matches(compared)) {
      if (!isDeletion && textOf(place) === textOf(piece)) {
        piece.remove();
        continue;
      }
      if (piece.id === "conversation-list") keepLoadedRows(place, piece);
    }
    if (place && piece.id !== "live" && isBusy(place)) postponed = true;
    else if (place) continue;
    piece.remove();
  }
  // Without the new version on the page, the postponed differences come again with the next answer.
  if (postponed) $("#changes", content)?.remove();
}

// The element that a piece replaces, or undefined.
function placeOf(piece) {
  const [how, ...selector] = piece.getAttribute("hx-swap-oob").split(":");
  const found = selector.length ? $(selector.join(":")) : byId(piece.id);
  if (found || how !== "true" || !piece.id.endsWith("-more")) return found;
  // A link to more replies, which the page does not have yet: its place is after the last reply that is drawn.
  const item = byId(piece.id.replace("-more", ""))?.closest("li");
  const place = document.createElement("li");
  place.id = piece.id;
  item?.after(place);
  return item && place;
}

// The reader may have loaded conversations further down the list: they stay.
function keepLoadedRows(list, fresh) {
  const hasMore = $$(":scope > [id]", list).length > $$(":scope > [id]", fresh).length;
  if (!hasMore) return;
  $(".more", fresh)?.remove();
  for (const row of list.children)
    if (!row.id || !$(`#${row.id}`, fresh)) fresh.append(row.cloneNode(true));
}

// The message under the reader's eyes stays where it is, even if a difference above it needs more room.
function keepScrollPosition() {
  const isVisible = (element) => element.getBoundingClientRect().bottom > 80;
  const articles = $$("#main article.msg");
  const anchor = (hovers && articles.find((article) => article.matches(":hover"))) ||
    focused().closest("article") || articles.find(isVisible);
  if (!anchor) return;
  const { style } = document.documentElement;
  const top = anchor.getBoundingClientRect().top;
  style.overflowAnchor = "none"; // The browser would scroll as well, by the same distance.
  requestAnimationFrame(() => {
    if (anchor.isConnected)
      scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    requestAnimationFrame(() => (style.overflowAnchor = ""));
  });
}

on("parley:ask", ask);

const askForPostponed = () => postponed && askIn(400);
on("focusout", askForPostponed);
on("pointerout", askForPostponed);

// --- The stream, shared by the windows of one browser

const SILENCE = 50_000; // Milliseconds. The server sends a sign of life every 20 seconds.
const channel = new BroadcastChannel(`live-${reader}`);
let source; // The stream, if this window holds it.
let reported = 0; // The newest version that the stream reported.
let failures = 0;
let timer;
let waiting; // Ends the wait for the stream that another window holds.
let release; // Gives the stream to the next window.

const retryDelay = () => Math.min(60, 2 ** failures++) * (500 + Math.random() * 500);
const askIfNewer = (version) => version > Number(shown().since.split(".")[0]) && ask();

// The message "?" asks the window that holds the stream for the newest version.
channel.onmessage = ({ data }) => {
  if (data !== "?") askIfNewer(data);
  else if (reported) channel.postMessage(reported);
};

function listen() {
  const current = (source = new EventSource(stream));
  const onLost = () => {
    current.close();
    if (current !== source) return;
    clearTimeout(timer);
    timer = setTimeout(() => (ask(), listen()), retryDelay());
  };
  const onAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(onLost, SILENCE);
  };
  current.addEventListener("version", ({ data }) => {
    onAlive();
    failures = 0;
    reported = Number(data);
    channel.postMessage(reported);
    askIfNewer(reported);
  });
  current.onerror = onLost;
  onAlive();
}

function join() {
  if (document.hidden || source || waiting) return;
  channel.postMessage("?");
  if (!navigator.locks) return listen(); // Browsers have no locks without https.
  waiting = new AbortController();
  const hold = () => new Promise((resolve) => {
    release = resolve;
    listen();
  });
  navigator.locks.request(`live-${reader}`, { signal: waiting.signal }, hold).catch(() => {});
}

function leave() {
  waiting?.abort();
  source?.close();
  release?.();
  clearTimeout(timer);
  source = waiting = release = null;
  reported = 0;
}

on("visibilitychange", () => {
  leave();
  if (document.hidden) return;
  ask();
  join();
});
addEventListener("pagehide", leave);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) ask();
  join();
});
addEventListener("online", () => {
  failures = 0;
  leave();
  ask();
  join();
});
