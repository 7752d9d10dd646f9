/** Where a picture stands in its pane while it is enlarged, as numbers: no element, no event. */

/** `scale` 1 shows all of the picture; `x`, `y`: how far its centre is from the pane's, in px. */
export const WHOLE = { scale: 1, x: 0, y: 0 };

/** The scale at which a pixel of the original is one of the screen; at least a little more than the whole picture. */
export function fullScale(originalWidth, shownWidth, pixelRatio) {
  return Math.max(originalWidth / pixelRatio / shownWidth, 1.5) || 1.5;
}

/** `view` at another scale, with the point (px from the pane's centre) at its place. */
export function zoomAt(view, scale, point) {
  const factor = scale / view.scale;
  return { scale, x: point.x - (point.x - view.x) * factor, y: point.y - (point.y - view.y) * factor };
}

/** `view`, so that no edge of the picture comes into the pane unless all of that side fits. */
export function within(view, picture, pane) {
  const bound = (value, shown, space) => {
    const most = Math.max(0, (shown * view.scale - space) / 2);
    return Math.min(Math.max(value, -most), most);
  };
  return {
    scale: view.scale,
    x: bound(view.x, picture.width, pane.width),
    y: bound(view.y, picture.height, pane.height),
  };
}
