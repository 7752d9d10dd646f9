/** What every page has. */

import { watchConfirmLinks } from "./confirm.js";
import { watchMenus } from "./menu.js";
import { paintPlaceholders } from "./placeholder.js";
import { watchForms } from "./submit-once.js";
import { watchToasts } from "./toast.js";

watchToasts();
watchMenus();
watchForms();
watchConfirmLinks();
paintPlaceholders();
