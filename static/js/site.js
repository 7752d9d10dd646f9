/** What every page has. */
import { watchForms } from "./busy.js";
import { watchConfirmLinks } from "./confirm.js";
import { watchMenus } from "./menu.js";
import { paintPlaceholders } from "./placeholder.js";
import { watchToasts } from "./toast.js";

watchToasts();
watchMenus();
watchForms();
watchConfirmLinks();
paintPlaceholders();

// The pages of the admin and the API know no transition, and would log that one was aborted.
addEventListener("pageswap", ({ viewTransition, activation }) => {
  const { pathname } = new URL(activation?.entry.url ?? location.href);
  if (/^\/(admin|api)\//.test(pathname)) viewTransition?.skipTransition();
});
