/**
 * Fingers, mouse and wheel on the pane of a photo: a swipe follows the finger, two fingers or a double tap enlarge,
 * a drag moves what is enlarged.
 *
 * `target` gets: start() when a gesture begins, zoom(factor, point), pan(dx, dy), zoomToggle(point), swipe(dx),
 * swiped(dx, speed), pull(dy), pulled(dy, speed), settle(). Points are in px from the pane's centre, speeds in px/ms.
 */

const SLOP_PX = 8;
const DOUBLE_TAP_MS = 320;
const DOUBLE_TAP_PX = 40;
const WHEEL_FACTOR = 0.0025;

const middle = ([a, b]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const distance = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);

export function watchGestures(pane, target) {
  const pointers = new Map();
  let [axis, begun, lastTap] = [null, null, null];

  const fromCentre = ({ x, y }) => {
    const box = pane.getBoundingClientRect();
    return { x: x - box.x - box.width / 2, y: y - box.y - box.height / 2 };
  };
  const moved = (event) => ({ x: event.clientX - begun.x, y: event.clientY - begun.y });

  function down(event) {
    if (event.button !== 0 || event.target.closest("a, button, form")) return;
    if (event.pointerType === "touch") pane.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 1) {
      begun = { x: event.clientX, y: event.clientY, at: event.timeStamp };
      axis = null;
      target.start();
    } else axis = "pinch";
  }

  function move(event) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (axis === "pinch") {
      const others = [...pointers.values()];
      pointers.set(event.pointerId, now);
      if (pointers.size < 2) return;
      const fingers = [...pointers.values()];
      const [old, fresh] = [middle(others), middle(fingers)];
      target.zoom(distance(fingers) / Math.max(1, distance(others)), fromCentre(fresh));
      target.pan(fresh.x - old.x, fresh.y - old.y);
      return;
    }
    pointers.set(event.pointerId, now);
    const { x, y } = moved(event);
    if (!axis) {
      if (Math.hypot(x, y) < SLOP_PX) return;
      if (target.isEnlarged) axis = "pan";
      else if (event.pointerType === "mouse") axis = "none";
      else axis = Math.abs(x) > Math.abs(y) ? "swipe" : "pull";
    }
    if (axis === "pan") target.pan(now.x - before.x, now.y - before.y);
    else if (axis === "swipe") target.swipe(x);
    else if (axis === "pull") target.pull(y);
  }

  function up(event) {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) return;
    const { x, y } = moved(event);
    const elapsed = Math.max(1, event.timeStamp - begun.at);
    const cancelled = event.type === "pointercancel";
    if (axis === "swipe" && !cancelled) target.swiped(x, x / elapsed);
    else if (axis === "pull" && !cancelled) target.pulled(y, y / elapsed);
    else target.settle();
    if (axis || cancelled) return;
    const tap = { x: event.clientX, y: event.clientY, at: event.timeStamp };
    const isSecond = lastTap && tap.at - lastTap.at < DOUBLE_TAP_MS && distance([tap, lastTap]) < DOUBLE_TAP_PX;
    lastTap = isSecond ? null : tap;
    if (isSecond) target.zoomToggle(fromCentre(tap));
  }

  pane.addEventListener("pointerdown", down);
  pane.addEventListener("pointermove", move);
  pane.addEventListener("pointerup", up);
  pane.addEventListener("pointercancel", up);
  pane.addEventListener("dragstart", (event) => event.preventDefault());
  pane.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const point = fromCentre({ x: event.clientX, y: event.clientY });
      target.zoom(Math.exp(-event.deltaY * WHEEL_FACTOR * (event.deltaMode ? 20 : 1)), point);
      target.settle();
    },
    { passive: false },
  );
}
