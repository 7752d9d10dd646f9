/** The path of the store's first page: "/", or "/photos/" under a sub-path. Scripts come from static/js/ below it. */
export const ROOT = new URL("../../", import.meta.url).pathname;
