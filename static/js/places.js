/** Places in a list that is ordered by hand: which one a point means, what names it to the store, and the way back. */

const distance = (low, high, value) => Math.max(low - value, 0, value - high);

/**
 * The place between tiles that is nearest to a point.
 * @param boxes {id, left, right, top, bottom} of tiles in rows. @returns the id of a tile, and whether it is behind it.
 */
export function placeAt(boxes, { x, y }) {
  const nearest = Math.min(...boxes.map(({ top, bottom }) => distance(top, bottom, y)));
  const row = boxes.filter(({ top, bottom }) => distance(top, bottom, y) === nearest);
  const [{ id, left, right }] = row.sort(
    (one, other) => distance(one.left, one.right, x) - distance(other.left, other.right, x),
  );
  return { id, isAfter: x > (left + right) / 2 };
}

/**
 * Names a place by a neighbour that stays.
 * @param moved the Set of ids that move. @param index of the place among `ids`: before the id that has it now.
 * @returns {before} or {after}; undefined if all of `ids` move.
 */
export function anchorOf(ids, moved, index) {
  const next = ids.slice(Math.max(index, 0)).find((id) => !moved.has(id));
  if (next) return { before: next };
  const previous = ids.findLast((id) => !moved.has(id));
  return previous && { after: previous };
}

/** Whether those that move stand at this place already, side by side. */
export function isInPlace(ids, moved, index) {
  const first = ids.findIndex((id) => moved.has(id));
  const areTogether = ids.slice(first, first + moved.size).every((id) => moved.has(id));
  return first >= 0 && areTogether && index >= first && index <= first + moved.size;
}

/** How they get back: {ids, before or after} for all that stand side by side, to be done in this order. */
export function wayBack(ids, moved) {
  const runs = [];
  for (const [index, id] of ids.entries()) {
    if (!moved.has(id)) continue;
    if (moved.has(ids[index - 1])) runs.at(-1).ids.push(id);
    else runs.push({ ids: [id], ...anchorOf(ids, moved, index) });
  }
  return runs;
}
