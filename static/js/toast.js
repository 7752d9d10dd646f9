/** Short messages at the foot of the window. Each leaves after some seconds, except warnings and errors. */

const STAYS_MS = 6000;
const STAYS_WITH_UNDO_MS = 15000;
const LEAVING_MS = 200;

function leave(toast) {
  toast.classList.add("is-leaving");
  setTimeout(() => toast.remove(), LEAVING_MS);
}

function schedule(toast) {
  if (toast.classList.contains("toast--error") || toast.classList.contains("toast--warning")) return;
  const stays = toast.querySelector("form, [data-undo]:not([hidden])") ? STAYS_WITH_UNDO_MS : STAYS_MS;
  let timer = setTimeout(leave, stays, toast);
  for (const type of ["pointerenter", "focusin"]) toast.addEventListener(type, () => clearTimeout(timer));
  for (const type of ["pointerleave", "focusout"]) {
    toast.addEventListener(type, () => {
      clearTimeout(timer);
      timer = setTimeout(leave, stays, toast);
    });
  }
}

/**
 * Says something that has just happened.
 * @param undo what the button "Undo" does; without it there is none. @returns the message's element.
 */
export function showToast(text, { error = false, undo } = {}) {
  const toast = document.querySelector("[data-toast]").content.firstElementChild.cloneNode(true);
  toast.classList.toggle("toast--error", error);
  toast.querySelector(".toast__text").textContent = text;
  const button = toast.querySelector("[data-undo]");
  button.hidden = !undo;
  button.addEventListener("click", () => {
    leave(toast);
    undo();
  });
  document.querySelector("[data-toasts]").append(toast);
  schedule(toast);
  return toast;
}

export function watchToasts() {
  const toasts = document.querySelector("[data-toasts]");
  if (!toasts) return;
  for (const toast of toasts.querySelectorAll(".toast")) schedule(toast);
  toasts.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) leave(event.target.closest(".toast"));
  });
}
