/** A finger that stays where it is for half a second. */

const PRESS_MS = 500;
const MOVED_PX = 10;
// The browser sends the click of a long press when the finger leaves.
const CLICK_AFTER_MS = 700;

/**
 * @param onPress gets the element and the pointerdown.
 * @returns justFired: whether a click belongs to the long press that was just told.
 */
export function watchLongPress(root, selector, onPress) {
  let timer = 0;
  let start = null;
  let firedAt = -Infinity;
  const stop = () => clearTimeout(timer);

  function fire(target) {
    stop();
    firedAt = performance.now();
    onPress(target, start);
  }
  root.addEventListener("pointerdown", (event) => {
    stop();
    firedAt = -Infinity;
    start = event.pointerType === "touch" && event.isPrimary ? event : null;
    const target = event.target.closest(selector);
    if (start && target) timer = setTimeout(fire, PRESS_MS, target);
  });
  root.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > MOVED_PX) stop();
  });
  for (const type of ["pointerup", "pointercancel"]) root.addEventListener(type, stop);
  // Of a link, the browser would show its own menu.
  root.addEventListener(
    "contextmenu",
    (event) => start && event.target.closest(selector) && event.preventDefault(),
  );
  return { justFired: () => performance.now() - firedAt < CLICK_AFTER_MS };
}
