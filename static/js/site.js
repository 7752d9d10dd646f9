/** The components of every page. */

import { watchConfirmLinks } from "./confirm.js";
import { watchEditLinks } from "./edit-links.js";
import { showLocalTimes } from "./local-time.js";
import { watchMenus } from "./menu.js";
import { registerWorker, watchConnection } from "./offline.js";
import { paintPlaceholders } from "./placeholder.js";
import { submitFormsOnce } from "./submit-once.js";
import { watchToasts } from "./toast.js";
import { startUploads } from "./upload-start.js";

watchToasts();
watchMenus();
submitFormsOnce();
watchConfirmLinks();
watchEditLinks();
paintPlaceholders();
showLocalTimes();
startUploads();
watchConnection();
registerWorker();
