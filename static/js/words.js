/** Figures as people say them. */

export const photos = (count) => `${count} photo${count === 1 ? "" : "s"}`;

export function megabytes(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  const value = bytes / 1024 / 1024;
  return `${value.toFixed(value < 10 ? 1 : 0)} MB`;
}

export function stateOf(item) {
  switch (item.state) {
    case "waiting":
      return item.detail || "Waiting";
    case "sending":
      return `${Math.floor(item.part * 100)} % of ${megabytes(item.file.size)}`;
    case "checking":
      return "Being checked…";
    case "done":
      return "Added";
    case "duplicate":
      return "Already in this album";
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
    [count("failed", "refused", "broken"), count("broken") ? "failed" : "not added"],
  ].filter(([n]) => n);
  if (parts.length === 1) return `${photos(parts[0][0])} ${parts[0][1]}`;
  return parts.map(([n, what]) => `${n} ${what}`).join(", ");
}
