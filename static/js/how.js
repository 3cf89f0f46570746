/* "How was this computed": a click on a money cell of a grid, or w on its row (Alt+w while typing in it), opens the line's
   explanation with that column marked. Without scripts the number of each line, and the word Total, lead to the same page.
   Each input and button of a line is called by its number too; in the page it stands once, as 500 lines weigh enough.

   <table data-how>                       its column's symbol stands in <th><span class="col">T</span>
     <a data-how href="…/lines/25/" data-dialog>   of each row: what confirm.js opens */
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
  const explain = (cell, row) => {
    const link = row.closest("tbody, tfoot").querySelector("a[data-how]");
    if (!link) return;
    const plain = link.getAttribute("href"), symbol = cell ? symbols[place(cell)] : "";
    if (symbol) link.href = `${plain}?column=${encodeURIComponent(symbol)}`;
    link.click();
    link.setAttribute("href", plain);
  };

  // “This period, line 25”, “Approve line 25”. Without scripts the table's own headings say the line.
  const name = (body) => {
    const link = body.querySelector("a[data-how]");
    if (!link) return;
    for (const part of body.querySelectorAll("[aria-label]")) {
      const label = part.getAttribute("aria-label");
      if (!/line \d/.test(label)) part.setAttribute("aria-label", `${label}${/line$/.test(label) ? "" : ", line"} ${link.textContent}`);
    }
  };
  for (const body of table.tBodies) name(body);
  document.addEventListener("htmx:afterSettle", (event) => { const body = event.target.closest?.("tbody"); if (table.contains(body)) name(body); });

  table.addEventListener("click", (event) => {
    const cell = event.target.closest("tbody tr:not(.under) > td.n, tfoot td.n");
    if (!cell || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    explain(cell, cell.parentElement);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
    const asks = event.code === "KeyW" && event.altKey || event.key === "w" && !event.altKey && !typing && document.documentElement.dataset.keys !== "off";
    if (!asks || event.ctrlKey || event.metaKey || !table.contains(event.target) || document.querySelector("dialog[open]")) return;
    const row = event.target.closest("tr");
    if (!row) return;
    event.preventDefault();
    if (typing) document.getElementById("dialog").addEventListener("close", () => event.target.focus(), { once: true });
    explain(event.target.closest("td.n, td:has(> .cell)"), row);
  });
  // While amounts are typed, Tab goes across the cells; Alt+w is quicker than a stop in each line.
  if (table.matches("[data-sheet]")) for (const link of table.querySelectorAll("tbody a[data-how]")) link.tabIndex = -1;
})();
