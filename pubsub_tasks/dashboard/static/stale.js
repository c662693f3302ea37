// Says when polling fails, since old figures look like new ones.
const show = (isStale) => () => {
  document.getElementById("stale").hidden = !isStale;
  document.body.classList.toggle("stale", isStale);
};
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(failure, show(true));
}
document.addEventListener("htmx:afterSwap", show(false));
