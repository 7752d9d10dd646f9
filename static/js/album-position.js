/** Where one is in a long album, in words, and the jump to a year and month. */

import { number } from "./format.js";
import { gettext, interpolate, language } from "./i18n.js";

const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });

const placeOf = (position, total) =>
  interpolate(gettext("%(number)s of %(total)s"), { number: number(position), total: number(total) });

/** As "July 2026, 1,240 of 100,000". `moment` in microseconds since the epoch, or null; each number null if unknown. */
function positionText(moment, position, total) {
  const counted = position && (total ? placeOf(position, total) : number(position));
  return [moment && month.format(new Date(moment / 1000)), counted].filter(Boolean).join(", ");
}

export function watchPosition(grid, parts) {
  const label = document.querySelector("[data-position]");
  const isDated = grid.dataset.order?.endsWith("taken_at");
  grid.addEventListener("album:moved", ({ detail: seen }) => {
    if (!seen) return;
    const total =
      grid.dataset.order && Number(document.querySelector("[data-live-part] [data-count]:not(a)")?.dataset.count);
    const text = positionText(isDated && Number(seen.tile.dataset.taken), seen.number, total);
    label.hidden = seen.number === 1 || !text;
    if (label.textContent !== text) label.textContent = text;
  });
  // The toolbar is replaced while photos come, so the document listens.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-dates] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    jumpToMonth(link, parts).catch(() => location.assign(link.href));
  });
}

/** @param link of the menu of dates. */
export async function jumpToMonth(link, parts) {
  const links = [...link.closest("[data-dates]").querySelectorAll("a")];
  const earlier = links.slice(0, links.indexOf(link));
  const before = earlier.reduce((total, { dataset }) => total + Number(dataset.count), 0);
  await parts.jump({ cursor: new URL(link.href).searchParams.get("cursor") }, before);
  link.closest("[popover]").hidePopover();
  history.replaceState(null, "", link.href);
  const tile = document.querySelector("[data-image]");
  if (!tile) return;
  parts.scrollTo(tile, document.querySelector(".topbar").offsetHeight);
  tile.querySelector("a, button").focus({ preventScroll: true });
}
