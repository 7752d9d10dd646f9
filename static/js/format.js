/** Counts, sizes and the states of uploads in words. */

export const photos = (count) => `${count} photo${count === 1 ? "" : "s"}`;

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** In decimal units: 1 MB is 1,000,000 bytes. imagestore/sizes.py must give the same texts. */
export function filesize(bytes) {
  let [value, step] = [bytes, 0];
  while (Number(value.toFixed(1)) >= 1000 && step < UNITS.length - 1) [value, step] = [value / 1000, step + 1];
  return `${value.toFixed(1).replace(".0", "")} ${UNITS[step]}`;
}

/** The state of one upload. */
export function stateText(item) {
  switch (item.state) {
    case "waiting":
      return item.detail || "Waiting";
    case "sending":
      return `${Math.floor(item.sentFraction * 100)} % of ${filesize(item.file.size)}`;
    case "checking":
      return "Being checked…";
    case "done":
      return "Added";
    case "duplicate":
      return "Already in this album";
    case "broken":
      return `In the album, but it could not be prepared. ${item.detail}`;
    default:
      return item.detail;
  }
}

/** The state of all uploads together. */
export function totalText(items) {
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const settled = items.length - count("waiting", "sending", "checking");
  if (items.some((item) => item.disconnected && item.state === "waiting")) {
    return `Waiting for the connection, ${settled} of ${photos(items.length)} done`;
  }
  if (settled < items.length) return `Adding ${photos(items.length)}, ${settled} done`;
  const results = [
    [count("done"), "added"],
    [count("duplicate"), "already here"],
    [count("broken"), "could not be prepared"],
    [count("failed", "refused"), "not added"],
  ].filter(([number]) => number);
  if (results.length === 1) return `${photos(results[0][0])} ${results[0][1]}`;
  return results.map(([number, result]) => `${number} ${result}`).join(", ");
}
