/** Counts, sizes and the states of uploads in words. */

import { gettext, interpolate, language, ngettext } from "./i18n.js";

const UNFINISHED_STATES = ["waiting", "sending", "checking"];

/** With separators, as Django's `intcomma` in the pages. */
export const number = (count) => count.toLocaleString(language);

export const photos = (count) =>
  interpolate(ngettext("%(count)s photo", "%(count)s photos", count), { count: number(count) });

const UNITS = ["KB", "MB", "GB", "TB", "PB", "EB"];
const DECIMAL_SIGN = (1.1).toLocaleString(language)[1];

/** Python rounds x.25 to x.2, the even tenth. toFixed() alone would round it to x.3. */
const withOneDecimal = (value) => (value % 1 === 0.25 ? Math.floor(value) + 0.2 : value).toFixed(1);

/** In decimal units: 1 MB is 1,000,000 bytes. imagestore/kit/filesize.py must give the same texts (tests/filesizes.json). */
export function filesize(bytes) {
  let [value, step] = [bytes, 0];
  while (Number(withOneDecimal(value)) >= 1000 && step < UNITS.length) [value, step] = [value / 1000, step + 1];
  const number = withOneDecimal(value).replace(".0", "").replace(".", DECIMAL_SIGN);
  if (step) return `${number} ${UNITS[step - 1]}`;
  return interpolate(ngettext("%(number)s byte", "%(number)s bytes", bytes), { number });
}

/** The state of one upload. */
export function stateText(item) {
  switch (item.state) {
    case "waiting":
      return item.detail || gettext("Waiting");
    case "sending": {
      const share = `${Math.floor((item.sentBytes / item.size) * 100)} %`;
      return interpolate(gettext("%(share)s of %(size)s"), { share, size: filesize(item.size) });
    }
    case "checking":
      return gettext("Being checked…");
    case "done":
      return gettext("Added");
    case "duplicate":
      return gettext("Already in this album");
    case "missing":
      return gettext("Not sent before the page was left. Pick it again.");
    case "broken":
      return interpolate(gettext("In the album, but it could not be prepared. %(detail)s"), item);
    default:
      return item.detail;
  }
}

/** The state of all uploads together. */
export function totalText(items, { paused = false } = {}) {
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const refused = count("failed", "refused");
  if (items.some(({ state }) => UNFINISHED_STATES.includes(state))) {
    const done = number(count("done", "duplicate", "broken"));
    const text = interpolate(progressText(items, paused), { photos: photos(items.length), done });
    return refused ? `${text}, ${interpolate(gettext("%(count)s not added"), { count: number(refused) })}` : text;
  }
  const results = [
    [count("done"), gettext("%(count)s added")],
    [count("duplicate"), gettext("%(count)s already here")],
    [count("broken"), gettext("%(count)s could not be prepared")],
    [refused, gettext("%(count)s not added")],
    [count("missing"), gettext("%(count)s to be picked again")],
  ].filter(([number]) => number);
  // One result says of what; several only how many.
  const counted = results.length === 1 ? photos : number;
  return results.map(([number, text]) => interpolate(text, { count: counted(number) })).join(", ");
}

function progressText(items, paused) {
  if (paused) return gettext("Paused, %(done)s of %(photos)s done");
  if (items.some((item) => item.disconnected && item.state === "waiting")) {
    return gettext("Waiting for the connection, %(done)s of %(photos)s done");
  }
  return gettext("Adding %(photos)s, %(done)s done");
}

/** The speed in bytes a second, and how long the bytes that are left will take. Empty while the speed is not known. */
export function rateText(speed, bytesLeft) {
  if (!speed || !bytesLeft) return "";
  const seconds = bytesLeft / speed;
  const minutes = Math.round(seconds / 60);
  let time = `${Math.ceil(seconds)} s`;
  if (minutes >= 90) time = `${Math.round(seconds / 3600)} h`;
  else if (seconds >= 90) time = `${minutes} min`;
  return interpolate(gettext("%(speed)s/s, %(time)s left"), { speed: filesize(Math.round(speed)), time });
}
