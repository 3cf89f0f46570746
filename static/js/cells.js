/* Each cell of the entry sheet by its line, so that rows can be sent one by one. Without scripts all cells of a column have
   its name alone, and the server tells them by their order: it says the name once, as 500 lines weigh enough.

   <input name="lines" value="3-90 95"> of the form   the keys of the lines, in their order
   <tbody>   its number is the button in its first cell: data-row="25"
     <input class="cell" name="work">   becomes id and name="work-3", data-cell="work"; class="cell text" is no amount
     <input name="shown">               what the server showed in all of them: name="shown-3" */
(() => {
  const sheet = document.querySelector("table[data-sheet]");
  if (!sheet) return;
  const lines = sheet.closest("form").elements.lines;
  const keys = lines.value.split(" ").flatMap((run) => {
    const [first, last = first] = run.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  lines.remove();
  [...sheet.tBodies].forEach((row, at) => {
    row.dataset.row = row.querySelector("[data-how]").value;
    row.querySelector("[name=shown]").name += `-${keys[at]}`;
    for (const input of row.querySelectorAll(".cell[name]")) {
      if (!input.matches(".text")) input.dataset.cell = input.name;
      input.id = input.name += `-${keys[at]}`;
    }
  });
})();
