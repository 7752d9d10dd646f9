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
  const settled = count("done", "duplicate", "failed", "refused");
  if (settled < items.length) return `Adding ${photos(items.length)}, ${settled} done`;
  const parts = [
    [count("done"), (n) => `${photos(n)} added`],
    [count("duplicate"), (n) => `${n} already here`],
    [count("failed", "refused"), (n) => `${n} not added`],
  ];
  return parts.filter(([n]) => n).map(([n, say]) => say(n)).join(", ");
}
