/** Shows a confirmation page as a dialog over the current page. */

/** The form of a confirmation page; null if the page has none. */
export async function fetchForm(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("[data-confirm-form]");
}

/** @returns the dialog. It leaves the page when it is closed. */
export function showDialog(form) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const heading = form.querySelector("h1");
  heading.id = "confirm-question";
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.append(document.adoptNode(form));
  form.querySelector("[data-cancel]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  (form.querySelector("[autofocus]") ?? form.querySelector("[data-cancel]")).focus();
  return dialog;
}

export function watchConfirmLinks() {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const form = await fetchForm(link.href).catch(() => null);
    if (form) showDialog(form);
    else location.assign(link.href);
  });
}
