/** Takes the shown photo out of its list: to the trash, for ever, or to another album. What can be undone, is undone by the toast. */

import { gettext, interpolate } from "./i18n.js";
import { ask, chosenAlbum, send } from "./photo-actions.js";
import { showToast } from "./toast.js";

const say = (text, values, undo) => showToast(interpolate(text, values), { undo });

/** Whether a photo stays in the list that its page continues when it goes to another album. */
function staysInList({ url }) {
  const asked = new URL(url).searchParams;
  return asked.has("list") && !asked.has("album");
}

/**
 * @param root holds the buttons. @param viewer shown: gives the photo; left, returned, changed: get one that has left
 * its list, come back, or changed there.
 */
export function watchRemoval(root, { shown, left, returned, changed }) {
  const isDone = async (options, { id }) => (await send(options, [id])).done.length > 0;

  async function trash(photo) {
    if (!(await isDone({ action: "trash" }, photo))) return;
    say(gettext("“%(name)s” is in the trash."), photo, () => comeBack({ action: "restore" }, photo));
    left(photo);
  }

  async function remove(photo) {
    if (!(await isDone({ action: "delete" }, photo))) return;
    say(gettext("“%(name)s” is deleted."), photo);
    left(photo);
  }

  async function move(photo, answer) {
    const album = await chosenAlbum(answer);
    if (!album || !(await isDone({ action: "move", album: album.id }, photo))) return;
    const values = { name: photo.name, album: album.title };
    const back = { action: "move", album: photo.album };
    say(gettext("“%(name)s” is in “%(album)s” now."), values, () => comeBack(back, photo));
    if (staysInList(photo)) changed(photo);
    else left(photo);
  }

  async function comeBack(options, photo) {
    if (!(await isDone(options, photo))) return;
    say(gettext("“%(name)s” is back."), photo);
    if (options.album && staysInList(photo)) changed(photo);
    else returned(photo);
  }

  root.addEventListener("submit", (event) => {
    if (!event.target.closest("[data-removal]")) return;
    const photo = shown();
    // Of the last photo on its own page, the store leads to the list and offers the way back there.
    if (root.role !== "dialog" && !photo.previous && !photo.next) return;
    event.preventDefault();
    trash(photo);
  });
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-removal] a:is([data-move], [data-confirm])");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    // Before the dialog of other pages (confirm.js).
    event.stopPropagation();
    const photo = shown();
    const isMove = "move" in link.dataset;
    ask(isMove ? link.dataset.move : link.href, 1, (answer) => (isMove ? move(photo, answer) : remove(photo)));
  });
}
