/** Menus open, close and take Escape as native popovers; this adds arrow keys and, where CSS cannot anchor yet, a place. */

const anchored = CSS.supports("position-area", "block-end");

function putUnder(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  const box = button.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  Object.assign(menu.style, { margin: "0", inset: "auto", top: `${box.bottom + 8}px` });
  if (box.left > room / 2) menu.style.right = `${room - box.right}px`;
  else menu.style.left = `${box.left}px`;
}

function move(event) {
  const items = [...event.currentTarget.querySelectorAll(".menu__item")];
  const here = items.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length).focus();
}

export function watchMenus(root = document) {
  for (const menu of root.querySelectorAll("[data-menu]")) {
    menu.addEventListener("keydown", move);
    if (!anchored) menu.addEventListener("toggle", (event) => event.newState === "open" && putUnder(menu));
  }
}
