// What is written is kept on the server: two seconds after the last key, and when one leaves.

import { $, $$, on } from "./dom.js";

const PAUSE = 2_000; // Milliseconds.
const states = new WeakMap(); // For each form: the text that the server keeps, a timer, the number of failures.
const sending = new WeakSet(); // Forms that are on their way.

const boxOf = (form) => $("textarea", form);

function stateOf(form) {
  const refused = form.matches(".is-invalid") || $(".is-invalid", form); // The server gave the text back.
  if (!states.has(form)) states.set(form, { kept: refused ? null : boxOf(form).defaultValue, failures: 0 });
  return states.get(form);
}

async function save(form, leaving = false) {
  const state = stateOf(form);
  const text = boxOf(form).value;
  clearTimeout(state.timer);
  if (text === state.kept || state.saving || sending.has(form)) return;
  state.saving = true;
  const body = new URLSearchParams(new FormData(form));
  const headers = { "HX-Request": "true" };
  const answer = await fetch(form.dataset.draft, { method: "POST", body, headers, keepalive: leaving })
    .catch(() => null);
  state.saving = false;
  if (!form.isConnected) return;
  const version = answer?.headers.get("Draft-Version");
  if (version !== null && version !== undefined) form.elements.draft_version.value = version;
  if (answer?.status === 204) {
    Object.assign(state, { kept: text, failures: 0 });
    if (boxOf(form).value === text) $(".hint", form).textContent = text ? $(".hint", form).dataset.kept : "";
    else saveIn(form, PAUSE);
  } else if (answer?.status === 409) {
    state.kept = text;
    const notice = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
    $(".box-notice", form)?.remove();
    boxOf(form).before(notice);
  } else if (![404, 422].includes(answer?.status)) {
    // Offline, signed out, or the server cannot keep it now: it stays in the box, and is tried again.
    saveIn(form, PAUSE * 2 ** Math.min(5, ++state.failures));
  }
}

function saveIn(form, milliseconds) {
  const state = stateOf(form);
  clearTimeout(state.timer);
  state.timer = setTimeout(save, milliseconds, form);
}

on("input", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (form) saveIn(form, PAUSE);
});

const saveAll = () => $$("form[data-draft]").forEach((form) => save(form, true));
on("visibilitychange", () => document.hidden && saveAll());
addEventListener("pagehide", saveAll);

// What is typed while a text is on its way stays: only what was sent leaves the box.

let sent; // The form, and the text that it sent.

on("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (!elt.matches("form[data-draft]")) return;
  clearTimeout(stateOf(elt).timer);
  sending.add(elt);
  sent = { form: elt, text: boxOf(elt).value };
});

on("htmx:afterRequest", ({ detail: { elt } }) => sending.delete(elt));

on("htmx:beforeSwap", ({ detail: { requestConfig, xhr } }) => {
  if (!sent || requestConfig.elt !== sent.form || xhr.status !== 200) return;
  const now = boxOf(sent.form).value;
  sent.rest = now === sent.text ? "" : now.startsWith(sent.text) ? now.slice(sent.text.length).trimStart() : now;
  if (sent.form.id !== "composer" && sent.rest) sent.answered = sent.form.dataset.cancels;
});

function giveBack(box) {
  box.value = sent.rest;
  box.setSelectionRange(box.value.length, box.value.length);
  sent = null;
  saveIn(box.form, PAUSE);
}

on("htmx:afterSettle", ({ detail: { requestConfig } }) => {
  if (!sent?.rest) return;
  if (requestConfig?.elt === sent.form && sent.form.id === "composer") giveBack($("#composer textarea"));
  else if (sent.answered) {
    // The form of a reply goes with its text: it opens again below what was answered.
    const opened = $(`#${sent.answered}-slot textarea`);
    if (opened) giveBack(opened);
    else if (requestConfig?.elt === sent.form) $(`#${sent.answered} [data-key=r]`)?.click();
  }
});
