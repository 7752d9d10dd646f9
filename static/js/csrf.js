/** What a request from a page's scripts needs to be taken as the visitor's own. */

/**
 * A login in another tab changes the cookie, but not the forms of this page. Browsers tell the cookie with the longest
 * path first (RFC 6265, section 5.4), so another site of the host does not come before this store.
 */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )[\w.~-]*csrftoken=([^;]+)/);
  return cookie?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]").value;
}
