/**
 * Drags with the mouse, and with a finger after a long press: the page scrolls near the window's edges, Escape ends
 * a drag without effect, and no click follows one.
 *
 * A drag is {move(point), drop(), cancel()}. move() is called for each frame; points are in px of the window.
 */

const SLOP_PX = 6;
const EDGE_PX = 72;
const FASTEST_PX = 24;

/** By how many px the page scrolls in a frame while the pointer is at `y`; negative towards the top. */
export function scrollStep(y, top, bottom) {
  const into = (px) => Math.min(Math.max(px / EDGE_PX, 0), 1) * FASTEST_PX;
  return into(y - bottom + EDGE_PX) - into(top + EDGE_PX - y);
}

const pointOf = (event) => ({ x: event.clientX, y: event.clientY });

function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** Until the pointer that was pressed is released. */
function swallowClick(isPressed) {
  addEventListener("click", stop, true);
  const forget = () => setTimeout(() => removeEventListener("click", stop, true));
  if (isPressed) addEventListener("pointerup", forget, { once: true });
  else forget();
}

/** Lets the drag follow the pointer of this event until it is released. `root` outlives all tiles. */
export function follow(event, root, drag) {
  const ended = new AbortController();
  const options = { signal: ended.signal, capture: true };
  let point = pointOf(event);
  const { y: startY } = point;
  let frame = requestAnimationFrame(step);

  function step() {
    frame = requestAnimationFrame(step);
    const top = document.querySelector(".topbar")?.getBoundingClientRect().bottom ?? 0;
    const px = scrollStep(point.y, top, innerHeight);
    // A drag that begins near an edge scrolls only once it goes further there.
    if (px * (point.y - startY) > 0) scrollBy({ top: px, behavior: "instant" });
    drag.move(point);
  }
  function end(how, isPressed = false) {
    ended.abort();
    cancelAnimationFrame(frame);
    swallowClick(isPressed);
    if (how === "drop") drag.move(point);
    drag[how]();
  }
  const ofPointer = (act) => (other) => other.pointerId === event.pointerId && act(other);

  root.setPointerCapture(event.pointerId);
  addEventListener(
    "pointermove",
    ofPointer((moved) => {
      point = pointOf(moved);
    }),
    options,
  );
  addEventListener(
    "pointerup",
    ofPointer((up) => {
      point = pointOf(up);
      end("drop");
    }),
    options,
  );
  addEventListener(
    "pointercancel",
    ofPointer(() => end("cancel")),
    options,
  );
  addEventListener(
    "keydown",
    (key) => {
      if (key.key !== "Escape") return;
      stop(key);
      end("cancel", true);
    },
    options,
  );
}

/**
 * Watches the mouse. Of `starters`, the first that returns something for a pointerdown has the drag: a function that
 * begins it, once the mouse has moved some px. Where none does, the browser drags links and pictures as ever.
 */
export function watchDrags(root, starters) {
  document.addEventListener("pointerdown", (down) => {
    if (down.pointerType !== "mouse" || down.button !== 0 || down.altKey || down.ctrlKey || down.metaKey) return;
    let begin = null;
    for (const start of starters) begin ??= start(down);
    if (!begin) return;
    const released = new AbortController();
    const options = { signal: released.signal, capture: true };
    const moved = new AbortController();
    for (const type of ["dragstart", "selectstart"]) addEventListener(type, stop, options);
    for (const type of ["pointerup", "pointercancel"]) {
      addEventListener(
        type,
        () => {
          released.abort();
          moved.abort();
        },
        options,
      );
    }
    addEventListener(
      "pointermove",
      (event) => {
        if (Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < SLOP_PX) return;
        moved.abort();
        follow(event, root, begin());
      },
      { signal: moved.signal },
    );
  });
}
