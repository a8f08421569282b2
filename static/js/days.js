// "Today" stays true in a window that is open past midnight, or that wakes up on another day.

import { $, $$, byId, on } from "./dom.js";

const { zone } = document.body.dataset;
const day = (date) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(date);
let today = day(new Date());

function label(date) {
  const list = $("#feed").dataset;
  if (date === today) return list.today;
  const [year, month, number] = today.split("-").map(Number);
  const before = new Date(Date.UTC(year, month - 1, number - 1));
  if (date === before.toISOString().slice(0, 10)) return list.yesterday;
  const language = document.documentElement.lang.replace(/^en$/, "en-GB");
  const format = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  return format.format(new Date(date));
}

function check() {
  if (document.hidden || day(new Date()) === today) return;
  today = day(new Date());
  for (const time of $$("#feed .divider time")) time.textContent = label(time.dateTime);
  // The times in the list of conversations say the day as well.
  byId("changes").dataset.since = "0";
  document.dispatchEvent(new Event("parley:ask"));
}

if ($("#feed")) {
  setInterval(check, 20_000);
  on("visibilitychange", check);
}
