// Texts in the language of the page. Other pages than English ones load a catalog before the modules; without
// one, as in the tests, texts stay as they are. `make messages` collects what stands in these calls.

/** Of the page; English in tests. */
export const language = globalThis.document?.documentElement?.lang || "en";

const catalog = globalThis.django;

export const gettext = (text) => catalog?.gettext(text) ?? text;

export const ngettext = (one, many, count) => catalog?.ngettext(one, many, count) ?? (count === 1 ? one : many);

/** The text with `values.name` in place of each `%(name)s`. */
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
