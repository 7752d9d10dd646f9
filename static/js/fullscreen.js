/** The picture alone: on the whole screen (a click on it, Enter or f), or without what is known about it (i). */

const MOMENT_MS = 300;

const toggleFull = (viewer) =>
  (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()).catch(() => {});

function toggleAbout(button) {
  const shown = !document.getElementById("about").toggleAttribute("hidden");
  button.setAttribute("aria-pressed", String(shown));
}

/** @returns justLeft: whether an Escape was for the full screen, not for the page. */
export function watchScreen(viewer) {
  const about = viewer.querySelector("[data-about]");
  let leftAt = -Infinity;
  viewer.classList.toggle("has-full-screen", document.fullscreenEnabled);
  viewer.addEventListener("click", (event) => event.target.closest("[data-full-screen]") && toggleFull(viewer));
  about.addEventListener("click", () => toggleAbout(about));
  document.addEventListener("fullscreenchange", () => {
    const picture = viewer.querySelector("[data-picture]");
    if (document.fullscreenElement && picture) picture.sizes = "100vw";
    if (!document.fullscreenElement) leftAt = performance.now();
  });
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (target.closest("input, textarea, dialog") || event.altKey || event.ctrlKey || event.metaKey) return;
    // Browsers leave by themselves on Escape, mostly before a page hears of it.
    if (key === "Escape" && document.fullscreenElement) document.exitFullscreen();
    else if (key === "f" || (key === "Enter" && !target.closest("a, button"))) toggleFull(viewer);
    else if (key === "i") toggleAbout(about);
  });
  return { justLeft: () => Boolean(document.fullscreenElement) || performance.now() - leftAt < MOMENT_MS };
}
