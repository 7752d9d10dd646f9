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
