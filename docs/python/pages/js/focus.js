// What scrolls can be reached by the keyboard.
window.addEventListener("load", () => {
  document.querySelectorAll("pre > code, .md-typeset__scrollwrap").forEach((box) => { box.tabIndex = 0; });
});
