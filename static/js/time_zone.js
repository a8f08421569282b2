// Tells the server the time zone of this browser, for people who have chosen none, and offers it at the sign-up.

import { $ } from "./dom.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const choice = $("select[name=time_zone]");

if (zone) document.cookie = `time_zone=${zone}; path=/; max-age=86400; samesite=lax`;
if (choice && !choice.value && [...choice.options].some(({ value }) => value === zone)) choice.value = zone;
