/** The pencils beside texts. What edits is loaded when one points at a pencil; without it they lead to the form. */

const load = () => import("./edit-in-place.js").catch(() => null);

export function watchEditLinks() {
  const linkOf = ({ target }) => target.closest?.("a[data-edit]");
  for (const type of ["pointerover", "focusin"])
    document.addEventListener(type, (event) => linkOf(event) && load());
  document.addEventListener("click", async (event) => {
    const link = linkOf(event);
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const module = await load();
    if (module) module.edit(link);
    else location.assign(link.href);
  });
}
