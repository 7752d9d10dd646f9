/** What the panel of uploads says. Items carry no sentences of ours: they outlive the page, whose language may change. */

import { filesize, number } from "./format.js";
import { gettext, interpolate, ngettext } from "./i18n.js";

const UNFINISHED_STATES = ["waiting", "sending", "checking"];

const REASONS = {
  connectionLost: () =>
    gettext("The connection was lost. Try again: what had arrived already is not stored twice."),
  noRoom: () =>
    gettext("There is no room left for this file: delete something for ever first. Nothing was stored."),
  unreadable: () => gettext("This file can no longer be read from your device. Nothing was stored."),
  signedOut: () => gettext("You were signed out. Log in and try again. Nothing was stored."),
  oldPage: () => gettext("This page has been open for too long. Reload it and try again. Nothing was stored."),
  albumDeleted: () => gettext("This album was deleted. Nothing was stored."),
  tooLargeForProxy: () => gettext("The file is too large for this store. Nothing was stored."),
  notNow: () => gettext("The store could not take it just now. Try again."),
  busy: ({ seconds }) =>
    interpolate(gettext("The store is busy; goes on in %(seconds)s s"), { seconds: number(seconds) }),
  disconnected: ({ seconds }) =>
    interpolate(gettext("Waiting for the connection; tries again in %(seconds)s s"), { seconds: number(seconds) }),
  tooLarge: ({ most, size }) =>
    interpolate(gettext("A file may have at most %(most)s; this one has %(size)s. Nothing was stored."), {
      most: filesize(most),
      size: filesize(size),
    }),
};

/** @param detail the store's own sentence, or {reason, …} with what the sentence of that reason tells. */
export const detailText = (detail) => REASONS[detail?.reason]?.(detail) ?? detail;

/** The state of one upload. */
export function stateText(item) {
  const detail = detailText(item.detail);
  switch (item.state) {
    case "waiting":
      return detail || gettext("Waiting");
    case "sending": {
      const percent = `${Math.floor((item.sentBytes / item.size) * 100)} %`;
      return interpolate(gettext("%(percent)s of %(size)s"), { percent, size: filesize(item.size) });
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
      return interpolate(gettext("In the album, but it could not be prepared. %(reason)s"), { reason: detail });
    default:
      return detail;
  }
}

/** Of each result: the sentence that stands alone, and the one beside others. */
const RESULTS = [
  {
    states: ["done"],
    alone: (n) => ngettext("%(count)s photo added", "%(count)s photos added", n),
    beside: () => gettext("%(count)s added"),
  },
  {
    states: ["duplicate"],
    alone: (n) => ngettext("%(count)s photo already here", "%(count)s photos already here", n),
    beside: () => gettext("%(count)s already here"),
  },
  {
    states: ["broken"],
    alone: (n) => ngettext("%(count)s photo could not be prepared", "%(count)s photos could not be prepared", n),
    beside: () => gettext("%(count)s could not be prepared"),
  },
  {
    states: ["failed", "refused"],
    alone: (n) => ngettext("%(count)s photo not added", "%(count)s photos not added", n),
    beside: () => gettext("%(count)s not added"),
  },
  {
    states: ["missing"],
    alone: (n) => ngettext("%(count)s photo to be picked again", "%(count)s photos to be picked again", n),
    beside: () => gettext("%(count)s to be picked again"),
  },
];

function progressText(items, paused) {
  const { length } = items;
  if (paused) {
    return ngettext(
      "Paused, %(done)s of %(count)s photo done",
      "Paused, %(done)s of %(count)s photos done",
      length,
    );
  }
  if (items.some(({ disconnected, state }) => disconnected && state === "waiting")) {
    return ngettext(
      "Waiting for the connection, %(done)s of %(count)s photo done",
      "Waiting for the connection, %(done)s of %(count)s photos done",
      length,
    );
  }
  return ngettext("Adding %(count)s photo, %(done)s done", "Adding %(count)s photos, %(done)s done", length);
}

/** The state of all uploads together. */
export function totalText(items, { paused = false } = {}) {
  const count = (states) => items.filter((item) => states.includes(item.state)).length;
  const told = (text, values) => interpolate(text, values);
  if (count(UNFINISHED_STATES)) {
    const done = number(count(["done", "duplicate", "broken"]));
    const refused = count(["failed", "refused"]);
    const texts = [told(progressText(items, paused), { done, count: number(items.length) })];
    if (refused) texts.push(told(gettext("%(count)s not added"), { count: number(refused) }));
    return texts.join(", ");
  }
  const results = RESULTS.map((result) => ({ ...result, n: count(result.states) })).filter(({ n }) => n);
  const isAlone = results.length === 1;
  return results
    .map(({ n, alone, beside }) => told(isAlone ? alone(n) : beside(), { count: number(n) }))
    .join(", ");
}

/** The speed in bytes a second, and how long the bytes that are left will take. Empty while the speed is not known. */
export function rateText(bytesPerSecond, bytesLeft) {
  if (!bytesPerSecond || !bytesLeft) return "";
  const seconds = bytesLeft / bytesPerSecond;
  const minutes = Math.round(seconds / 60);
  const speed = filesize(Math.round(bytesPerSecond));
  if (minutes >= 90) {
    return interpolate(gettext("%(speed)s/s, %(hours)s h left"), { speed, hours: Math.round(seconds / 3600) });
  }
  if (seconds >= 90) return interpolate(gettext("%(speed)s/s, %(minutes)s min left"), { speed, minutes });
  return interpolate(gettext("%(speed)s/s, %(seconds)s s left"), { speed, seconds: Math.ceil(seconds) });
}
