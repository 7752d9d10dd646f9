/** Counts and sizes in words. */

import { interpolate, language, ngettext } from "./i18n.js";

/** With separators, as Django's `intcomma` in the pages. */
export const number = (count) => count.toLocaleString(language);

export const photos = (count) =>
  interpolate(ngettext("%(count)s photo", "%(count)s photos", count), { count: number(count) });

const UNITS = ["KB", "MB", "GB", "TB", "PB", "EB"];

/** Python rounds x.25 to x.2, the even tenth. toFixed() alone would round it to x.3. */
const withOneDecimal = (value) => (value % 1 === 0.25 ? Math.floor(value) + 0.2 : value).toFixed(1);

/** In decimal units: 1 MB is 1,000,000 bytes. imagestore/kit/filesize.py must give the same texts (tests/filesizes.json). */
export function filesize(bytes) {
  let [value, step] = [bytes, 0];
  while (Number(withOneDecimal(value)) >= 1000 && step < UNITS.length) [value, step] = [value / 1000, step + 1];
  const figure = Number(withOneDecimal(value)).toLocaleString(language, { useGrouping: false });
  if (step) return `${figure} ${UNITS[step - 1]}`;
  return interpolate(ngettext("%(number)s byte", "%(number)s bytes", bytes), { number: figure });
}
