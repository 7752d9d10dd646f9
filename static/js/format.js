/** Figures as people say them. */

export const photos = (count) => `${count} photo${count === 1 ? "" : "s"}`;

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** In decimal units, as the store's pages say them: 1 MB is 1,000,000 bytes. */
export function filesize(bytes) {
  let [value, step] = [bytes, 0];
  while (Number(value.toFixed(1)) >= 1000 && step < UNITS.length - 1) [value, step] = [value / 1000, step + 1];
  return `${value.toFixed(1).replace(".0", "")} ${UNITS[step]}`;
}

export function stateOf(item) {
  switch (item.state) {
    case "waiting":
      return item.detail || "Waiting";
    case "sending":
      return `${Math.floor(item.part * 100)} % of ${filesize(item.file.size)}`;
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

export function totalOf(items) {
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const settled = items.length - count("waiting", "sending", "checking");
  const away = items.some((item) => item.lost && item.state === "waiting");
  if (away) return `Waiting for the connection, ${settled} of ${photos(items.length)} done`;
  if (settled < items.length) return `Adding ${photos(items.length)}, ${settled} done`;
  const parts = [
    [count("done"), "added"],
    [count("duplicate"), "already here"],
    [count("broken"), "could not be prepared"],
    [count("failed", "refused"), "not added"],
  ].filter(([n]) => n);
  if (parts.length === 1) return `${photos(parts[0][0])} ${parts[0][1]}`;
  return parts.map(([n, what]) => `${n} ${what}`).join(", ");
}
