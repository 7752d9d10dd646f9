import assert from "node:assert/strict";
import { test } from "node:test";
import { gettext, interpolate, ngettext } from "../../static/js/i18n.js";

test("without a catalog texts stay English", () => {
  assert.equal(gettext("Undo"), "Undo");
  assert.equal(ngettext("%(n)s photo", "%(n)s photos", 1), "%(n)s photo");
  assert.equal(ngettext("%(n)s photo", "%(n)s photos", 0), "%(n)s photos");
});

test("values take the places of their names, each as it is", () => {
  assert.equal(interpolate("%(sent)s of %(all)s, %(sent)s", { sent: "$&", all: 2 }), "$& of 2, $&");
});

test("a page's catalog has the texts", async () => {
  globalThis.django = {
    gettext: (text) => `<${text}>`,
    ngettext: (one, many, count) => `<${one}|${many}|${count}>`,
  };
  const translated = await import("../../static/js/i18n.js?with-a-catalog");
  assert.equal(translated.gettext("Undo"), "<Undo>");
  assert.equal(translated.ngettext("a", "b", 2), "<a|b|2>");
  globalThis.django = undefined;
});
