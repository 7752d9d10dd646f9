/** Shows photos in the album's grid once they are stored, and tells the uploads which could not be prepared. */

const GATHER_MS = 250;

export function showUploads(grid, album) {
  const arrived = { done: [], duplicate: [] };
  let timer = 0;
  const show = () => {
    grid.show(arrived.done.splice(0), { added: true });
    grid.show(arrived.duplicate.splice(0));
    timer = 0;
  };
  document.addEventListener("photo-stored", ({ detail }) => {
    if (detail.album !== album) return;
    arrived[detail.state].push(detail.image);
    // The grid fetches the tiles of all images that arrive within this time in one request.
    if (!timer) timer = setTimeout(show, GATHER_MS);
  });
  grid.addEventListener("finished", ({ detail }) => {
    document.dispatchEvent(new CustomEvent("photo-prepared", { detail }));
  });
}
