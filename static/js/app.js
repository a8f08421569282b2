// What HTML and htmx cannot do alone. Pages work without any section of it.
"use strict";

const $ = (selector, inside = document) => inside.querySelector(selector);
const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const on = (name, act) => document.addEventListener(name, act);
const focused = () => document.activeElement || document.body;
const silent = (elt) => /^(seen|changes)$/.test(elt?.id); // nobody asked

// --- Toasts. Only what says that it is a part of ours is swapped in.

on("htmx:beforeSwap", ({ detail }) => {
  const ours = detail.xhr.getResponseHeader("Parley-Part");
  detail.shouldSwap = ours && detail.xhr.status !== 204;
  detail.isError = !ours;
});

const failed = (why) => ({ detail: { elt, xhr } }) => {
  if (silent(elt)) return;
  const { content, dataset } = byId("toast-error");
  const snack = content.cloneNode(true);
  $("p", snack).textContent = dataset[why || (xhr.status < 400 ? "foreign" : "failed")];
  $("[data-retry]", snack).onclick = ({ target }) => {
    dismiss(target);
    elt.focus();
    elt.matches("form") ? elt.requestSubmit() : elt.click();
    htmx.trigger(elt, "retry"); // for fields
  };
  byId("toasts").prepend(snack);
};
on("htmx:responseError", failed());
on("htmx:sendError", failed("offline"));
on("htmx:timeout", failed("failed"));

function dismiss(button) {
  button.closest("[data-toast]").remove();
  $("#main").focus();
}
on("click", ({ target }) => target.closest("[data-dismiss]") && dismiss(target));

// --- Forms

// A plain form is sent once, however often its button is pressed.
let leaving = false;
on("submit", (event) => {
  const form = event.target;
  if (form.matches("[hx-post], #actions") || event.defaultPrevented) return;
  if (leaving) event.preventDefault();
  leaving = true;
  setTimeout(() => (leaving = false), 5000); // it may have been stopped
});
addEventListener("pageshow", ({ persisted }) => {
  leaving = false;
  // Kept for "back", it is older than what was done since.
  if (persisted && !unsent()) location.reload();
});

// Cancel empties the slot; on a page of its own it is a link.
on("click", (event) => {
  const slot = byId(event.target.closest("[data-cancel]")?.dataset.cancel);
  if (!slot) return;
  event.preventDefault();
  slot.replaceChildren();
  $("[data-key=r]", slot.parentElement).focus();
});

// --- Unsent text: leaving it asks, and no swap takes it along

const unsent = (inside) => $$("textarea", inside).some(({ value, defaultValue }) =>
  value.trim() && (value !== defaultValue || $(".is-invalid, .note-i, #typed")));
addEventListener("beforeunload", (event) => {
  if (!leaving && unsent()) event.preventDefault();
});

const aside = new Map(); // forms, and the id of where they stood
function standAside({ detail: { target, requestConfig, shouldSwap } }) {
  if (!shouldSwap) return;
  for (const form of $$(".slot form, .is-editing", target)) {
    if (!unsent(form) || form.contains(requestConfig?.elt)) continue;
    aside.set(form, form.id || form.parentElement.id);
    if (target.matches(".slot")) held = $("textarea", form);
    form.remove();
  }
}
on("htmx:beforeSwap", standAside);
on("htmx:oobBeforeSwap", standAside);

// --- Focus: after a swap where it belongs, never on the page

let held; // what had it when something was asked for
let then; // finds where it goes, if the answer does not say
on("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (silent(elt)) return;
  if (document.hidden && requestConfig.verb === "get") event.preventDefault();
  held = focused();
  then = elt.dataset.then && (() => $(elt.dataset.then));
  const item = elt.closest("li.card-u, li.older, li.more");
  if (!item) return;
  // What stands there afterwards: the next card, or the first of what was loaded.
  const list = item.parentElement;
  const place = [...list.children].indexOf(item);
  then = () => {
    const items = [...list.children];
    return [...items.slice(place), ...items.slice(0, place).reverse()]
      .map((one) => $("article, a:not(.btn)", one)).find(Boolean);
  };
});
const restore = () => focused() === document.body && held?.isConnected && held.focus();
on("htmx:afterRequest", restore);

on("htmx:afterSettle", ({ detail: { requestConfig, target, xhr } }) => {
  for (const [form, id] of aside) {
    const place = byId(id);
    if (!place) $("#main .page").append(form);
    else form.id ? place.replaceWith(form) : place.replaceChildren(form);
  }
  aside.clear();
  const count = byId("unread-count")?.dataset.unread;
  document.title = document.title.replace(/^(\(\d+\) )?/, count > 0 ? `(${count}) ` : "");
  if (requestConfig?.path.endsWith("/unread/")) byId(target.id).dataset.seen = ""; // it is in view
  watch();
  const elt = requestConfig?.elt;
  if (silent(elt)) return;
  if (elt?.dataset.live) byId("live").textContent = elt.dataset.live;
  if (then && xhr.status < 400) (then() || $("h1")).focus();
  then = null;
  restore();
  const box = focused();
  if (box.matches("[data-caret-end]")) box.setSelectionRange(box.value.length, box.value.length);
  if ($("#unread .cards:not(:has(li))")) htmx.ajax("GET", inbox(), { target: "#unread", swap: "outerHTML" });
});

// --- Reading on sight: what came into view, half of it or what fits

const seen = new Set();
let soon;
function tell() {
  const values = { seen: [...seen] };
  seen.clear();
  htmx.ajax("POST", byId("seen").action, { source: "#seen", swap: "none", values });
}
const eye = new IntersectionObserver((entries) => {
  for (const { isIntersecting, intersectionRatio, intersectionRect, target } of entries) {
    if (document.hidden || !isIntersecting) continue;
    if (intersectionRatio < 0.5 && intersectionRect.height < innerHeight * 0.4) continue;
    eye.unobserve(target);
    target.dataset.seen = "";
    seen.add(target.id.slice(2));
    clearTimeout(soon);
    soon = setTimeout(tell, 800);
  }
}, { threshold: [0, 0.25, 0.5, 1], rootMargin: "-64px 0px -96px" });
function watch() {
  if (!byId("seen")) return;
  eye.disconnect(); // observed anew, each is looked at anew
  $$(".msg.is-unread:not([data-seen])").forEach((message) => eye.observe(message));
}
on("visibilitychange", watch);
watch();

// --- Keys press the links and buttons that are there

const inbox = () => $(".brand").href;
const current = () => focused().closest("article.msg, .card-u");
function move(step, fits = () => true) {
  const all = $$("article.msg, .card-u").filter((stop) => stop.checkVisibility());
  const at = all.indexOf(current());
  const stop = (step > 0 ? all.slice(at + 1) : all.slice(0, Math.max(at, 0)).reverse()).find(fits);
  (stop?.matches("li") ? $("a", stop) : stop)?.focus();
}
function press(key) {
  const at = current();
  const its = `[data-key="${key}"]`;
  const inside = at && ($(its, at) || $(`:scope > .thread ${its}`, at.parentElement));
  (inside || $(`.bar ${its}`))?.click();
}
const keys = {
  j: () => move(1),
  k: () => move(-1),
  n: () => move(1, (stop) => stop.matches(".is-unread, .card-u")),
  "?": () => byId("keys").showPopover(),
};
let before;
on("keydown", (event) => {
  const { key, target, target: { form } } = event;
  const control = event.ctrlKey || event.metaKey;
  const cancel = form && $("[data-cancel], [data-cancel-edit]", form);
  if (key === "Enter" && control && target.matches("textarea")) form?.requestSubmit($("[name=send]", form));
  if (key === "Escape" && cancel && !unsent(form)) cancel.click();
  if (document.body.dataset.shortcuts !== "on" || control || event.altKey) return;
  if (target.matches("input, textarea, select") || $(":popover-open")) return;
  const both = before + key;
  before = key;
  if (both === "gi") location.assign(inbox());
  else if (keys[key]) keys[key]();
  else if ("reuohc/".includes(key)) press(key);
  else if (key === "Enter" && target.matches("article")) press("o");
  else return;
  event.preventDefault();
});

// --- The list of conversations keeps its place

const side = $(".side");
if (side) {
  side.scrollTop = sessionStorage.side || 0;
  addEventListener("pagehide", () => (sessionStorage.side = side.scrollTop));
}
