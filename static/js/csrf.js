/** What a request from a page's scripts needs to be taken as the visitor's own. */

/** A login in another tab changes the cookie, but not the forms of this page. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  return cookie?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]").value;
}
