// What HTML and htmx cannot do alone. Every part is optional: without it, pages still work.
"use strict";

const $ = (selector, inside = document) => inside.querySelector(selector);
const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];

// --- Error answers are shown only if they say where they go -----------------------------------

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

function toast(text, retry) {
  const template = $("#toast-error");
  if (!template) return;
  const snack = template.content.cloneNode(true);
  if (text) $("p", snack).textContent = text;
  const again = $("[data-retry]", snack);
  if (again && retry) again.addEventListener("click", (event) => { dismiss(event.target.closest("[data-toast]")); retry(); });
  else if (again) again.remove();
  $("#toasts").prepend(snack);
}

function dismiss(snack) {
  const held = snack && snack.contains(document.activeElement);
  if (snack) snack.remove();
  if (held) $("#main").focus();
}

function failed(text) {
  return (event) => {
    if (event.detail.elt.id === "seen") return; // nobody asked for it: no need to say so
    const form = event.detail.elt.closest("form");
    toast(text, form && document.contains(form) ? () => form.requestSubmit() : () => event.detail.elt.click());
  };
}
document.addEventListener("htmx:responseError", failed());
document.addEventListener("htmx:swapError", failed());
document.addEventListener("htmx:sendError", failed("You are offline. Your text is still here."));
document.addEventListener("htmx:timeout", failed("No answer came. Your text is still here."));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) dismiss(button.closest("[data-toast]"));
});

// Toasts that are no errors leave after eight seconds, but not from under a hand or an eye.
const leaving = new WeakMap();
function letGo(snack) {
  clearTimeout(leaving.get(snack));
  leaving.set(snack, setTimeout(() => snack.matches(":hover, :focus-within") ? letGo(snack) : dismiss(snack), 8000));
}
const toasts = $("#toasts");
if (toasts) {
  const watch = () => $$("[data-toast]:not([data-stays])", toasts).forEach((snack) => leaving.has(snack) || letGo(snack));
  new MutationObserver(watch).observe(toasts, { childList: true });
  watch();
}

// --- Forms -------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit($("[name=send]", event.target.form));
  }
});

// A plain form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("hx-post") || event.defaultPrevented || form.id === "actions") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  sending = true;
});
let sending = false;
addEventListener("pageshow", (event) => {
  sending = false;
  $$("form[data-sent]").forEach((form) => delete form.dataset.sent);
  // A page kept for "back" may be older than the session: ask the server again.
  if (event.persisted) location.reload();
});

// Unsent text: one is asked before it is left behind.
const unsent = () => $$("textarea").some((box) => box.value.trim() && box.value !== box.defaultValue);
addEventListener("beforeunload", (event) => {
  if (!sending && unsent()) event.preventDefault();
});

function cancel(link) {
  const slot = document.getElementById(link.dataset.cancel);
  if (!slot) return;
  slot.replaceChildren();
  const article = document.getElementById(link.dataset.cancel.replace("-slot", ""));
  if (article) ($("[data-key=r]", article) || article).focus();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-cancel]");
  if (link && document.getElementById(link.dataset.cancel)) {
    event.preventDefault();
    cancel(link);
  }
});

// --- After a swap ------------------------------------------------------------------------------

let next = null; // the card after the one that is about to go
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (document.hidden && requestConfig.verb === "get") event.preventDefault();
  if (elt.getAttribute("hx-swap") === "delete") {
    const card = elt.closest("li");
    next = card.nextElementSibling || card.previousElementSibling;
  }
});

document.addEventListener("htmx:afterSettle", () => {
  const count = $("#unread-count");
  if (count) {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = (count.dataset.unread > 0 ? `(${count.dataset.unread}) ` : "") + bare;
  }
  const cards = $("#unread .cards");
  if (cards && !$(".card-u", cards) && !$(".more", cards)) location.reload(); // draws the empty inbox
  if (next) {
    const target = document.contains(next) ? $("a, button", next) : $("h1");
    next = null;
    if (target) target.focus();
  }
  const box = document.activeElement;
  if (box && box.matches("[data-caret-end]")) box.setSelectionRange(box.value.length, box.value.length);
  see();
});

// A new message inside a closed thread opens it.
document.addEventListener("htmx:load", (event) => {
  if (!event.detail.elt.matches || !event.detail.elt.matches(".node")) return;
  for (let at = event.detail.elt.parentElement; at; at = at.parentElement) if (at.matches("details")) at.open = true;
});

// --- Reading on sight --------------------------------------------------------------------------

const seenForm = $("#seen");
const waiting = new Set();
let soon = 0;
function sendSeen() {
  if (!waiting.size || document.hidden) return;
  $$("input[name=seen]", seenForm).forEach((input) => input.remove());
  for (const id of [...waiting].slice(0, 100)) {
    waiting.delete(id);
    seenForm.insertAdjacentHTML("beforeend", `<input type="hidden" name="seen" value="${Number(id)}">`);
  }
  htmx.trigger(seenForm, "seen");
}
const eye = seenForm && new IntersectionObserver((entries) => {
  for (const entry of entries) {
    // Seen is: half of it, or as much as fits.
    if (!entry.isIntersecting || document.hidden) continue;
    if (entry.intersectionRatio < 0.5 && entry.intersectionRect.height < innerHeight * 0.4) continue;
    eye.unobserve(entry.target);
    waiting.add(entry.target.id.slice(2));
    clearTimeout(soon);
    soon = setTimeout(sendSeen, 800);
  }
}, { threshold: [0, 0.25, 0.5, 1] });
function see() {
  if (eye) $$(".msg.is-unread:not([data-watched])").forEach((article) => { article.dataset.watched = ""; eye.observe(article); });
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !eye) return;
  $$(".msg.is-unread[data-watched]").forEach((article) => { eye.unobserve(article); eye.observe(article); });
  sendSeen();
});
see();

// --- Keys press the links and buttons that are there -------------------------------------------

const stops = () => $$("article.msg, .card-u").filter((stop) => stop.checkVisibility());
const current = () => document.activeElement.closest("article.msg, .card-u");
const focusOn = (stop) => { if (stop) (stop.matches("article") ? stop : $("a", stop)).focus(); };
function move(step) {
  const all = stops();
  const at = all.indexOf(current());
  focusOn(at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[at + step]);
}
function press(key) {
  const stop = current();
  const inside = stop && ($(`[data-key=${key}]`, stop) || (key === "o" && stop.parentElement.querySelector(":scope > .thread [data-key=o]")));
  const target = inside || (key === "c" && $("[data-key=c]"));
  if (target) target.click();
}
const keys = {
  j: () => move(1),
  k: () => move(-1),
  n: () => { const all = stops(); focusOn(all.slice(all.indexOf(current()) + 1).find((stop) => stop.matches(".is-unread, .card-u"))); },
  "?": () => { const sheet = $("#keys"); if (sheet) sheet.togglePopover(); },
};
let before = "";
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea")) {
    const form = event.target.form;
    const link = $("[data-cancel], [data-cancel-edit]", form);
    if (link && event.target.value === event.target.defaultValue) link.click();
    return;
  }
  if (document.body.dataset.shortcuts !== "on" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]") || $(":popover-open")) return;
  const { key } = event;
  if (before === "g" && key === "i") location.assign("/inbox/");
  else if (keys[key]) keys[key]();
  else if ("reuohc".includes(key)) press(key);
  else if (key === "Enter" && event.target.matches("article.msg")) press("o");
  else { before = key; return; }
  before = "";
  event.preventDefault();
});

// --- The list of conversations keeps its place between pages ------------------------------------

const side = $(".side");
if (side) {
  side.scrollTop = Number(sessionStorage.getItem("side") || 0);
  addEventListener("pagehide", () => sessionStorage.setItem("side", String(side.scrollTop)));
}
