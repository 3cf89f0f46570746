/* "How was this computed": a click on a money cell of a grid, or w on its row (Alt+w while typing in it), opens the line's
   explanation with that column marked. Without scripts the number of each line, and the word Total, lead to the same page.
   Each input and button of a line is called by its number too; in the page it stands once, as 500 lines weigh enough.

   <form id="how" action="…/lines/">       …/lines/25/ is what confirm.js opens
   <table data-how>                        its column's symbol stands in <th><span class="col">T</span>
     <input data-how form="how" name="line" value="25">   the button of each row
     <a data-how href="…/lines/">                          of all of them */
(() => {
  const table = document.querySelector("table[data-how]");
  if (!table) return;
  table.classList.add("explains");
  const symbols = [...table.tHead.rows[0].cells].map((cell) => cell.querySelector(".col")?.textContent ?? "");
  const place = (cell) => {
    let at = 0;
    for (let before = cell.previousElementSibling; before; before = before.previousElementSibling) at += before.colSpan;
    return at;
  };
  let later = 0;
  const base = document.getElementById("how").getAttribute("action");
  const wayOf = (body) => body.querySelector("[data-how]");
  const explain = (cell, row) => {
    const opener = wayOf(row.closest("tbody, tfoot")), symbol = cell ? symbols[place(cell)] : "";
    if (!opener) return;
    const href = `${base}${opener.value ? `${opener.value}/` : ""}${symbol ? `?column=${encodeURIComponent(symbol)}` : ""}`;
    window.dispatchEvent(new CustomEvent("plumbline:dialog", { detail: { href, opener } }));
  };

  // “This period, line 25”, “Approve line 25”; a verdict's buttons show it too. Without scripts the table's own headings say the line.
  const name = (body) => {
    const number = wayOf(body)?.value;
    if (!number) return;
    for (const part of body.querySelectorAll("[aria-label]")) {
      const label = part.getAttribute("aria-label");
      if (part.matches(".verdict *")) part.title = label;
      if (!/line \d/.test(label)) part.setAttribute("aria-label", `${label}${/line$/.test(label) ? "" : ", line"} ${number}`);
    }
  };
  for (const body of table.tBodies) name(body);
  document.addEventListener("htmx:afterSettle", (event) => { const body = event.target.closest?.("tbody"); if (table.contains(body)) name(body); });

  table.addEventListener("click", (event) => {
    const way = event.target.closest("[data-how]:not(table)");
    if (way) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      explain(null, way);
      return;
    }
    const cell = event.target.closest("tbody tr:not(.under) > td:not(.c), tfoot td");
    if (!cell || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    if (event.detail > 1) return;
    // Where a double click does something else, one click waits whether another comes.
    const waits = table.tHead.querySelector("[data-column]")?.cellIndex === cell.cellIndex;
    later = setTimeout(() => explain(cell, cell.parentElement), waits ? 300 : 0);
  });
  table.addEventListener("dblclick", () => clearTimeout(later));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
    const asks = event.code === "KeyW" && event.altKey || event.key === "w" && !event.altKey && !typing && document.documentElement.dataset.keys !== "off";
    if (!asks || event.ctrlKey || event.metaKey || !table.contains(event.target) || document.querySelector("dialog[open]")) return;
    const row = event.target.closest("tr");
    if (!row) return;
    event.preventDefault();
    if (typing) document.getElementById("dialog").addEventListener("close", () => event.target.focus(), { once: true });
    explain(event.target.closest("tr:not(.under) > td:not(.c)"), row);
  });
  // While amounts are typed, Tab goes across the cells; Alt+w is quicker than a stop in each line.
  if (table.matches("[data-sheet]")) for (const way of table.querySelectorAll("tbody [data-how]")) way.tabIndex = -1;

  // Columns that go on at the right are hinted at.
  const region = table.parentElement;
  (region.onscroll = () => region.classList.toggle("has-more", region.scrollLeft + region.clientWidth < region.scrollWidth - 2))();
})();
