/* Keys of a list: j and k go down and up its rows, x ticks the row, Enter opens it. Lists work the same without.

   <table data-list>, <ul data-list>   its rows are walked; a row's tick is its checkbox, what it opens its first link */
(() => {
  const ROW = "[data-list] > tbody > tr, [data-list] > li";
  const rows = () => [...document.querySelectorAll(ROW)].filter((row) => row.checkVisibility());
  const go = (row) => { row.tabIndex = -1; row.focus(); row.scrollIntoView({ block: "nearest" }); };
  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    const off = document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]");
    if (off || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = rows(), here = event.target.closest(ROW), at = all.indexOf(here);
    if (event.key === "j" && all.length) go(all[Math.min(at + 1, all.length - 1)]);
    else if (event.key === "k" && all.length) go(all[Math.max(at - 1, 0)]);
    else if (event.key === "x" && at >= 0) here.querySelector("input[type=checkbox]:enabled")?.click();
    else if (event.key === "Enter" && event.target === here && at >= 0) here.querySelector("a[href]")?.click();
    else return;
    event.preventDefault();
  });
})();
