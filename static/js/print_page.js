// A button opens the browser's dialog for printing. Without scripts the browser's own menu does.

import { $, on } from "./dom.js";

$("[data-print]").hidden = false;
on("click", ({ target }) => target.closest("[data-print]") && print());
