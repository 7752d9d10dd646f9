/** Shows the stage on the full screen (button, Enter or f). */

const ESCAPE_GRACE_MS = 300;

/**
 * @param signal ends it.
 * @returns justLeft: whether the visitor's last Escape left the full screen and must not close the page too.
 */
export function watchFullscreen(stage, signal) {
  let leftAt = -Infinity;
  let asked = false;
  const toggle = () => {
    asked = Boolean(document.fullscreenElement);
    (asked ? document.exitFullscreen() : stage.requestFullscreen()).catch(() => {});
  };
  stage.classList.toggle("has-full-screen", document.fullscreenEnabled);
  stage.addEventListener("click", (event) => event.target.closest("[data-full-screen]") && toggle(), { signal });
  document.addEventListener(
    "fullscreenchange",
    () => {
      if (!document.fullscreenElement && !asked) leftAt = performance.now();
    },
    { signal },
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const { key, target } = event;
      if (target.closest?.("input, textarea, dialog") || event.altKey || event.ctrlKey || event.metaKey) return;
      // Most browsers leave the full screen on Escape before the page receives the key.
      if (key === "Escape" && document.fullscreenElement) document.exitFullscreen();
      else if (key === "f" || (key === "Enter" && !target.closest?.("a, button"))) toggle();
    },
    { signal },
  );
  return { justLeft: () => Boolean(document.fullscreenElement) || performance.now() - leftAt < ESCAPE_GRACE_MS };
}
