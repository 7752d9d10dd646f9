/** A form is sent once, and after 300 ms its button says that something is going on. */

const PATIENCE_MS = 300;

export function watchForms() {
  const sent = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    const button = event.submitter;
    setTimeout(() => sent.has(form) && button?.setAttribute("aria-busy", "true"), PATIENCE_MS);
  });
  // The back button may bring the page back as it was left.
  addEventListener("pageshow", () => {
    sent.clear();
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}
