// Short names for what every module does with the page, and questions that several modules ask.

export const $ = (selector, inside = document) => inside.querySelector(selector);
export const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];
export const byId = (id) => document.getElementById(id);
export const on = (name, listener) => document.addEventListener(name, listener);

export const focused = () => document.activeElement || document.body;
export const inboxAddress = () => $(".brand").href;
export const textOf = ({ textContent }) => textContent.replace(/\s+/g, " ").trim();
export const numberInId = ({ id }) => Number(id.replace(/^\D+/, ""));

// The page itself sends these requests. The reader asked for nothing, so nothing is reported to the reader.
export const sendsInBackground = (element) =>
  /^(seen|changes)$/.test(element?.id) || Boolean(element?.dataset.background);

// A module marks what it sends by itself. When the reader presses the same link, the reader is told what comes of it.
addEventListener("click", ({ target }) => delete target.closest?.("[data-background]")?.dataset.background, true);

// Text that the server refused or gave back counts as unsent, although the reader has not changed it since.
export const hasUnsentText = (inside) =>
  $$("textarea, .quick input", inside).some(({ value, defaultValue }) =>
    value.trim() && (value !== defaultValue || $(".is-invalid, .note-i, #typed")));

// Changes the HTML of an answer before htmx swaps it in. Inside a template nothing loads and nothing runs.
export function changeAnswer(detail, change) {
  const page = new DOMParser().parseFromString(`<template>${detail.serverResponse}</template>`, "text/html");
  const { content } = $("template", page);
  change(content);
  detail.serverResponse = [...content.children].map((piece) => piece.outerHTML).join("");
}
