/** The items of the upload queue: one for each file. */

export const UNFINISHED_STATES = ["waiting", "sending", "checking"];
export const RUNNING_STATES = ["sending", "checking"];
export const STORED_STATES = ["done", "duplicate", "broken"];

export const isUnfinished = ({ state }) => UNFINISHED_STATES.includes(state);

/** What an item says of itself in the browser's store. Its file is stored beside. */
const KEPT_FIELDS = [
  ...["id", "album", "name", "size", "state", "detail", "image", "finishedAt"],
  ...["sha256", "attempted", "uploadUrl", "overQuota", "signedOut", "disconnected"],
];
export const recordOf = (item) => Object.fromEntries(KEPT_FIELDS.map((field) => [field, item[field]]));

/** What another tab, and the panel, need to know of an item. */
export function shownOf(item) {
  const { attempted, sha256, uploadUrl, ...shown } = recordOf(item);
  return { ...shown, sentBytes: item.sentBytes, isUnfinished: isUnfinished(item) };
}

/** A file that was just picked. One that is too large is refused at once. */
export function newItem({ id, album, file }, maxBytes) {
  const { name, size } = file;
  const item = { id, album: { id: album.id, title: album.title }, file, name, size, sentBytes: 0 };
  if (size <= maxBytes) return { ...item, state: "waiting", detail: "" };
  return { ...item, state: "refused", detail: { reason: "tooLarge", most: maxBytes, size } };
}

/** The item of a record. What a reload has broken off, or might help, waits again. */
export function restoredItem(record, file) {
  const item = { ...record, file, kept: Boolean(file), sentBytes: 0 };
  const goesOn = isUnfinished(item) || item.signedOut || item.disconnected;
  if (goesOn) Object.assign(item, { state: "waiting", detail: "", signedOut: false, disconnected: false });
  if ((goesOn || item.state === "failed") && !file) item.state = "missing";
  return item;
}

/** Whether the item has lost its file, and this is it. @param album null: of any album. */
export function lacks(item, file, album) {
  if (item.state !== "missing" || (album && item.album.id !== album.id)) return false;
  return item.name === file.name && item.size === file.size;
}
