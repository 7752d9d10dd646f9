/** Shows moments in the visitor's time zone. Without scripts the page shows them in UTC, and says so. */

const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });

/** Of each `<time data-local>`. The camera's own clock is never converted. */
export function showLocalTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.textContent = format.format(new Date(time.dateTime)).replace(" at ", ", ");
  }
}
