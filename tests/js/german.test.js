/** The page's language is German here: texts come from its catalog, figures are written as Germans do. */

import assert from "node:assert/strict";
import { test } from "node:test";

const TEXTS = {
  "%(count)s photo": ["%(count)s Foto", "%(count)s Fotos"],
  "%(number)s byte": ["%(number)s Byte", "%(number)s Byte"],
  "%(percent)s of %(size)s": "%(percent)s von %(size)s",
  "Adding %(count)s photo, %(done)s done": [
    "%(count)s Foto wird hinzugefügt, %(done)s fertig",
    "%(count)s Fotos werden hinzugefügt, %(done)s fertig",
  ],
  "%(count)s not added": "%(count)s nicht hinzugefügt",
  "%(speed)s/s, %(minutes)s min left": "%(speed)s/s, noch %(minutes)s min",
  "You were signed out. Log in and try again. Nothing was stored.": "Abgemeldet.",
};

globalThis.document = { documentElement: { lang: "de" } };
globalThis.django = {
  gettext: (text) => TEXTS[text] ?? text,
  ngettext: (one, many, count) => TEXTS[one]?.[Number(count !== 1)] ?? many,
};
const { filesize, number, photos } = await import("../../static/js/format.js");
const { rateText, stateText, totalText } = await import("../../static/js/upload-texts.js");
const { readResponse } = await import("../../static/js/upload-request.js");
const { showLocalTimes } = await import("../../static/js/local-time.js");

test("figures have a comma for tenths and a point for thousands", () => {
  assert.equal(number(1_234_567), "1.234.567");
  assert.deepEqual([1, 999, 1_250_000].map(filesize), ["1 Byte", "999 Byte", "1,2 MB"]);
  assert.deepEqual([1, 1000].map(photos), ["1 Foto", "1.000 Fotos"]);
});

test("the panel of uploads speaks German", () => {
  const items = Array.from({ length: 1200 }, (_, index) => ({ state: index ? "waiting" : "failed" }));
  assert.equal(totalText(items), "1.200 Fotos werden hinzugefügt, 0 fertig, 1 nicht hinzugefügt");
  assert.equal(stateText({ state: "sending", sentBytes: 1, size: 2500 }), "0 % von 2,5 KB");
  assert.equal(rateText(1_500_000, 450_000_000), "1,5 MB/s, noch 5 min");
});

test("what an upload failed of is told in the language of the page that shows it", () => {
  const { detail } = readResponse({ status: 401, responseText: "{}", getResponseHeader: () => null });
  assert.deepEqual(structuredClone(detail), { reason: "signedOut" });
  assert.equal(stateText({ state: "failed", detail: structuredClone(detail) }), "Abgemeldet.");
});

test("moments are written as Germans do", () => {
  const time = { dateTime: "2026-07-05T12:00:00Z" };
  showLocalTimes({ querySelectorAll: () => [time] });
  assert.match(time.textContent, /^5\. Juli 2026/);
});
