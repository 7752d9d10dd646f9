/** Counts, sizes and the states of uploads in words. */

import { interpolate, language, ngettext } from "./i18n.js";

const UNFINISHED_STATES = ["waiting", "sending", "checking"];

/** With separators, as Django's `intcomma` in the pages. */
export const number = (count) => count.toLocaleString(language);

export const photos = (count) =>
  interpolate(ngettext("%(count)s photo", "%(count)s photos", count), { count: number(count) });

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/** Python rounds x.25 to x.2, the even tenth. toFixed() alone would round it to x.3. */
const withOneDecimal = (value) => (value % 1 === 0.25 ? Math.floor(value) + 0.2 : value).toFixed(1);

/** In decimal units: 1 MB is 1,000,000 bytes. imagestore/kit/filesize.py must give the same texts (tests/filesizes.json). */
export function filesize(bytes) {
  if (bytes === 1) return "1 byte";
  let [value, step] = [bytes, 0];
  while (Number(withOneDecimal(value)) >= 1000 && step < UNITS.length - 1) [value, step] = [value / 1000, step + 1];
  return `${withOneDecimal(value).replace(".0", "")} ${UNITS[step]}`;
}

/** The state of one upload. */
export function stateText(item) {
  switch (item.state) {
    case "waiting":
      return item.detail || "Waiting";
    case "sending":
      return `${Math.floor((item.sentBytes / item.size) * 100)} % of ${filesize(item.size)}`;
    case "checking":
      return "Being checked…";
    case "done":
      return "Added";
    case "duplicate":
      return "Already in this album";
    case "missing":
      return "Not sent before the page was left. Pick it again.";
    case "broken":
      return `In the album, but it could not be prepared. ${item.detail}`;
    default:
      return item.detail;
  }
}

/** The state of all uploads together. */
export function totalText(items, { paused = false } = {}) {
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  if (items.some(({ state }) => UNFINISHED_STATES.includes(state))) {
    const done = count("done", "duplicate", "broken");
    const refused = count("failed", "refused");
    const rest = refused ? `, ${refused} not added` : "";
    if (paused) return `Paused, ${done} of ${photos(items.length)} done${rest}`;
    if (items.some((item) => item.disconnected && item.state === "waiting")) {
      return `Waiting for the connection, ${done} of ${photos(items.length)} done${rest}`;
    }
    return `Adding ${photos(items.length)}, ${done} done${rest}`;
  }
  const results = [
    [count("done"), "added"],
    [count("duplicate"), "already here"],
    [count("broken"), "could not be prepared"],
    [count("failed", "refused"), "not added"],
    [count("missing"), "to be picked again"],
  ].filter(([number]) => number);
  if (results.length === 1) return `${photos(results[0][0])} ${results[0][1]}`;
  return results.map(([number, result]) => `${number} ${result}`).join(", ");
}

/** The speed in bytes a second, and how long the bytes that are left will take. Empty while the speed is not known. */
export function rateText(speed, bytesLeft) {
  if (!speed || !bytesLeft) return "";
  const seconds = bytesLeft / speed;
  const minutes = Math.round(seconds / 60);
  let left = `${Math.ceil(seconds)} s`;
  if (minutes >= 90) left = `${Math.round(seconds / 3600)} h`;
  else if (seconds >= 90) left = `${minutes} min`;
  return `${filesize(Math.round(speed))}/s, ${left} left`;
}
