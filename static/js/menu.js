/**
 * Arrow keys for menus, which are native popovers.
 * Where CSS cannot anchor a popover yet, this module also puts the menu under its button.
 */

const GAP_PX = 8;
const cssAnchors = CSS.supports("position-area", "block-end");

function putUnderButton(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
  const pageWidth = document.documentElement.clientWidth;
  Object.assign(menu.style, { margin: "0", inset: "auto", top: `${button.bottom + GAP_PX}px` });
  if (button.left > pageWidth / 2) menu.style.right = `${pageWidth - button.right}px`;
  else menu.style.left = `${button.left}px`;
}

function moveFocus(event) {
  const items = [...event.currentTarget.querySelectorAll(".menu__item")];
  const current = items.indexOf(document.activeElement);
  const next = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length).focus();
}

export function watchMenus(root = document) {
  for (const menu of root.querySelectorAll("[data-menu]")) {
    menu.addEventListener("keydown", moveFocus);
    if (!cssAnchors) {
      menu.addEventListener("toggle", (event) => event.newState === "open" && putUnderButton(menu));
    }
  }
}
