// Says when polling fails, since old figures look like new ones.
const stale = (isStale) => () => document.body.classList.toggle("stale", isStale);
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(failure, stale(true));
}
document.addEventListener("htmx:afterSwap", stale(false));
