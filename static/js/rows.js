/**
 * Justified rows: which tiles stand in a row, and how high each row is.
 * css/components/tiles.css puts as many tiles into a row as fit. The tiles of a part that goes on are shared out
 * anew, so that its last row is as full as the others; of the part that came with the page only the last rows, so
 * that what one sees already stays.
 */

export const GAP_PX = 4;
const LOWEST_ROW = 0.5;
const HIGHEST_ROW = 2.4;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** The height at which tiles of these proportions fill the width. */
const fullHeight = (ratios, width) => (width - GAP_PX * (ratios.length - 1)) / sum(ratios);

/**
 * @param ratios of the tiles: width / height. @param width of the part and `rowHeight`, the least of a row, in px.
 * @param goesOn whether another part follows. Of one that ends, the last row keeps the least height.
 * @param tailRows how many of the last rows of a part that goes on are shared out anew.
 * @returns the rows from top to bottom, each with the number of its tiles and its height in px.
 */
export function rowsOf(ratios, width, rowHeight, goesOn, tailRows = Infinity) {
  const rows = asManyAsFit(ratios, width, rowHeight);
  if (!goesOn) {
    const last = rows.pop() ?? [];
    return [...measure(rows, width, rowHeight), ...measure([last], width, rowHeight, rowHeight)];
  }
  const tail = rows.splice(-Math.min(tailRows, rows.length) || rows.length).flat();
  return measure([...rows, ...shareOut(tail, width, rowHeight)], width, rowHeight);
}

export const heightOf = (rows) => sum(rows.map(({ height }) => height)) + GAP_PX * Math.max(0, rows.length - 1);

function measure(rows, width, rowHeight, highest = HIGHEST_ROW * rowHeight) {
  const filled = rows.filter(({ length }) => length);
  return filled.map((ratios) => ({ count: ratios.length, height: Math.min(fullHeight(ratios, width), highest) }));
}

function asManyAsFit(ratios, width, rowHeight) {
  const rows = [];
  let left = 0;
  for (const ratio of ratios) {
    const taken = ratio * rowHeight + GAP_PX;
    if (taken > left + 0.01 || !rows.length) {
      rows.push([]);
      left = width + GAP_PX;
    }
    rows.at(-1).push(ratio);
    left -= taken;
  }
  return rows;
}

/** The rows whose heights differ least from `rowHeight`, each by its proportion (Knuth and Plass break lines so). */
function shareOut(ratios, width, rowHeight) {
  const best = [{ cost: 0, start: 0 }];
  for (let end = 1; end <= ratios.length; end += 1) {
    best[end] = { cost: Infinity };
    for (let start = end - 1; start >= 0; start -= 1) {
      const factor = fullHeight(ratios.slice(start, end), width) / rowHeight;
      if (factor < LOWEST_ROW && start < end - 1) break;
      const cost = best[start].cost + Math.log(Math.max(factor, 0.01)) ** 2;
      if (cost < best[end].cost) best[end] = { cost, start };
    }
  }
  const rows = [];
  for (let end = ratios.length; end > 0; end = best[end].start) rows.unshift(ratios.slice(best[end].start, end));
  return rows;
}
