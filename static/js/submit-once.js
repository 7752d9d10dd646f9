/** Submits each form once. Its button shows that it is busy when the response takes longer than 300 ms. */

const BUSY_AFTER_MS = 300;

export function submitFormsOnce() {
  const submitted = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (submitted.has(form)) {
      event.preventDefault();
      return;
    }
    submitted.add(form);
    const button = event.submitter;
    setTimeout(() => submitted.has(form) && button?.setAttribute("aria-busy", "true"), BUSY_AFTER_MS);
  });
  // The browser's back button may show the page as it was when the form was submitted.
  addEventListener("pageshow", () => {
    submitted.clear();
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}
