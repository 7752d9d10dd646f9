/** Shows moments in the visitor's time zone. Without scripts the page shows them in UTC, and says so. */

import { language } from "./i18n.js";

// English as the pages have it: day before month.
const locale = language === "en" ? "en-GB" : language;
const format = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

/** Of each `<time data-local>`. The camera's own clock is never converted. */
export function showLocalTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.textContent = format.format(new Date(time.dateTime)).replace(" at ", ", ");
  }
}
