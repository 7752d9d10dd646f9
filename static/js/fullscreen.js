/** Shows the image on the full screen (click, Enter or f) and hides or shows its facts (i). */

const ESCAPE_GRACE_MS = 300;

const toggleFullscreen = (viewer) =>
  (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()).catch(() => {});

function toggleFacts(button) {
  const shown = !document.getElementById("about").toggleAttribute("hidden");
  button.setAttribute("aria-pressed", String(shown));
}

/** @returns justLeft: whether the visitor's last Escape left the full screen and must not close the page too. */
export function watchFullscreen(viewer) {
  const factsButton = viewer.querySelector("[data-about]");
  let leftAt = -Infinity;
  viewer.classList.toggle("has-full-screen", document.fullscreenEnabled);
  viewer.addEventListener(
    "click",
    (event) => event.target.closest("[data-full-screen]") && toggleFullscreen(viewer),
  );
  factsButton.addEventListener("click", () => toggleFacts(factsButton));
  document.addEventListener("fullscreenchange", () => {
    const image = viewer.querySelector("[data-picture]");
    if (document.fullscreenElement && image) image.sizes = "100vw";
    if (!document.fullscreenElement) leftAt = performance.now();
  });
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (target.closest("input, textarea, dialog") || event.altKey || event.ctrlKey || event.metaKey) return;
    // Most browsers leave the full screen on Escape before the page receives the key.
    if (key === "Escape" && document.fullscreenElement) document.exitFullscreen();
    else if (key === "f" || (key === "Enter" && !target.closest("a, button"))) toggleFullscreen(viewer);
    else if (key === "i") toggleFacts(factsButton);
  });
  return { justLeft: () => Boolean(document.fullscreenElement) || performance.now() - leftAt < ESCAPE_GRACE_MS };
}
