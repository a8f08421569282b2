// What happens elsewhere shows here. Without this file, loading the page again shows it.
"use strict";

// A stream of events says that there is news; then the page asks for what is different from what
// it shows. Of all visible windows of one browser, one holds the stream and passes it on.
if (byId("changes")) (() => {
  const own = () => byId("changes").dataset;
  const { reader, stream } = own();
  const hovers = matchMedia("(hover: hover)").matches;
  const idOf = (elt) => Number(elt.id.replace(/^\D+/, ""));

  // --- Asking what is different

  let asking = false;
  let again = false; // there was news while it was asked
  let held = false; // something waits until the reader has moved on
  let later; // timer of the next question

  // Each as its distance from the one before: hundreds of ids fit into an address.
  const spelt = (elts) => elts.map(idOf).sort((a, b) => a - b)
    .map((id, at, ids) => id - (ids[at - 1] || 0)).join(".");

  const shown = () => spelt($$("#main article.msg, #main .card-u"));
  let drawn; // what was shown when it was asked

  function ask() {
    clearTimeout(later);
    if (document.hidden) return;
    again = asking;
    if (asking) return;
    if ($("#progress.htmx-request")) return askSoon(100); // the reader comes first
    asking = true;
    drawn = shown();
    const values = {
      since: own().since,
      drawn,
      // What was seen here counts as read, though it keeps its mark.
      new: spelt($$("#main .is-unread:not([data-seen])")),
    };
    htmx.ajax("GET", own().url, { source: "#changes", swap: "none", values }).catch(() => {});
  }
  const askSoon = (pause) => {
    clearTimeout(later);
    later = setTimeout(ask, pause);
  };

  on("htmx:afterRequest", ({ detail: { requestConfig, successful, xhr } }) => {
    if (requestConfig.elt.id !== "changes") return;
    asking = false;
    // With the last message of a day its divider goes.
    for (const day of $$("#feed > .day:not(:has(+ .node))")) day.remove();
    // Signed out, or nobody's any more: that stays so.
    if ([401, 403, 404].includes(xhr.status)) return;
    if (!successful) askSoon(pause());
    else if (again) askSoon(200);
  });

  // --- Swapping it in: not under the reader, and nothing that is the same

  const busy = (elt) => elt.contains(focused()) || elt.matches(".is-editing") ||
    (hovers && elt.matches(":hover")) || $("textarea, :popover-open", elt);
  const words = ({ textContent }) => textContent.replace(/\s+/g, " ").trim();
  const compared = "article, h1, li, summary, .thread, #conversation-list, #new-pill";

  function placeOf(piece) {
    const [how, ...selector] = piece.getAttribute("hx-swap-oob").split(":");
    const found = selector.length ? $(selector.join(":")) : byId(piece.id);
    if (found || how !== "true" || !piece.id.endsWith("-more")) return found;
    // The first reply that is left out after one that is drawn.
    const item = byId(piece.id.replace("-more", ""))?.closest("li");
    const place = document.createElement("li");
    place.id = piece.id;
    item?.after(place);
    return item && place;
  }

  function sift(content) {
    held = false;
    const pill = $("#new-pill", content);
    if (!pill || words(pill) === words(byId("new-pill"))) $("#live", content)?.remove();
    for (const piece of $$("[hx-swap-oob]", content)) {
      const place = placeOf(piece);
      const gone = piece.getAttribute("hx-swap-oob").startsWith("delete");
      if (place && piece.matches(compared)) {
        if (!gone && words(place) === words(piece)) {
          piece.remove();
          continue;
        }
        if (piece.id === "conversation-list") keepRows(place, piece);
      }
      if (place && piece.id !== "live" && busy(place)) held = true;
      else if (place) continue;
      piece.remove();
    }
    if (held) $("#changes", content)?.remove(); // it is asked for again
  }

  // Conversations further down that were asked for stay.
  function keepRows(list, fresh) {
    const more = $$(":scope > [id]", list).length > $$(":scope > [id]", fresh).length;
    if (!more) return;
    $(".more", fresh)?.remove();
    for (const row of list.children)
      if (!row.id || !$(`#${row.id}`, fresh)) fresh.append(row.cloneNode(true));
  }

  // New messages asked for by the pill. What this page has sent meanwhile is there already.
  function merge(content) {
    const dividers = $$("#feed .day").map(words);
    for (const item of $$(":scope > .day", content))
      if (dividers.includes(words(item))) item.remove();
    for (const item of $$(":scope > .node", content)) {
      const article = $("article", item);
      const next = $$("#feed > .node").find((one) => idOf($("article", one)) > idOf(article));
      if (byId(article.id)) item.remove();
      else if (next) {
        next.before(item);
        htmx.process(item);
      }
    }
  }

  on("htmx:beforeSwap", ({ detail }) => {
    const { elt } = detail.requestConfig;
    const change = elt.id === "changes" ? sift : elt.closest("#new-pill") && merge;
    if (!change) return;
    if (detail.xhr.status !== 200 || !detail.shouldSwap) {
      if (change === sift) detail.shouldSwap = false; // nobody has asked for it
      return;
    }
    if (change === sift && (drawn !== shown() || $("#progress.htmx-request"))) {
      // Something else was swapped in meanwhile, or is on its way and may be older than this answer,
      // after which nobody would ask again: the answer is to a page that is no more.
      detail.shouldSwap = false;
      again = true;
      return;
    }
    const page = new DOMParser().parseFromString(`<template>${detail.serverResponse}</template>`, "text/html");
    const template = $("template", page);
    change(template.content);
    detail.serverResponse = template.innerHTML;
    if (change === sift) keepPlace();
  });

  // What is being read stays where it is, whatever grows above.
  function keepPlace() {
    const visible = (elt) => elt.getBoundingClientRect().bottom > 80;
    const articles = $$("#main article.msg");
    const anchor = (hovers && articles.find((elt) => elt.matches(":hover"))) ||
      focused().closest("article") || articles.find(visible);
    if (!anchor) return;
    const { style } = document.documentElement;
    const top = anchor.getBoundingClientRect().top;
    style.overflowAnchor = "none"; // the browser's own would do it a second time
    requestAnimationFrame(() => {
      if (anchor.isConnected)
        scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
      requestAnimationFrame(() => (style.overflowAnchor = ""));
    });
  }

  const moved = () => held && askSoon(400);
  on("focusout", moved);
  on("pointerout", moved);

  // --- The stream

  const SILENT = 50_000; // milliseconds: signs of life come every twenty seconds
  const channel = new BroadcastChannel(`live-${reader}`);
  let source; // the stream, if this window holds it
  let known = 0; // the last version it told
  let failures = 0;
  let timer;
  let waiting; // for the stream that another window holds
  let release; // gives it to the next one

  const pause = () => Math.min(60, 2 ** failures++) * (500 + Math.random() * 500);
  const heard = (version) => version > Number(own().since.split(".")[0]) && ask();
  channel.onmessage = ({ data }) => {
    if (data !== "?") heard(data);
    else if (known) channel.postMessage(known);
  };

  function listen() {
    const here = (source = new EventSource(stream));
    const lost = () => {
      here.close();
      if (here !== source) return;
      clearTimeout(timer);
      timer = setTimeout(() => (ask(), listen()), pause());
    };
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(lost, SILENT);
    };
    here.addEventListener("version", ({ data }) => {
      alive();
      failures = 0;
      known = Number(data);
      channel.postMessage(known);
      heard(known);
    });
    here.onerror = lost;
    alive();
  }

  function join() {
    if (document.hidden || source || waiting) return;
    channel.postMessage("?"); // whoever holds the stream says what it told last
    if (!navigator.locks) return listen(); // an address without https
    waiting = new AbortController();
    const hold = () => new Promise((done) => {
      release = done;
      listen();
    });
    navigator.locks.request(`live-${reader}`, { signal: waiting.signal }, hold).catch(() => {});
  }

  function part() {
    waiting?.abort();
    source?.close();
    release?.();
    clearTimeout(timer);
    source = waiting = release = null;
    known = 0;
  }

  on("visibilitychange", () => {
    part();
    if (document.hidden) return;
    ask();
    join();
  });
  addEventListener("pagehide", part);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) ask();
    join();
  });
  addEventListener("online", () => {
    failures = 0;
    part();
    ask();
    join();
  });
})();
