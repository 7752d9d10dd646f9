/** The page that says that the store cannot be reached: the browser asks again when its connection is back. */

addEventListener("online", () => location.reload());
