/* Filling cells of a schedule of values down, visibly: with keys what is picked, by a button as far as a line. After schedule.js.

   [data-fill-to], [data-fill]              a number of a line and its button: fill the cell one was in down to there */
(() => {
  if (!window.plumbline?.schedule) return;
  const { form, body, rows, cells, cell, changed, says } = window.plumbline.schedule;
  const fillTo = form.querySelector("[data-fill-to]");
  let source = null, filled = [], end = 0;

  // The cells picked to be filled: from the one somebody was in down (or up) to a row, in its column.
  const pick = (to) => {
    const all = rows(), from = place(source), last = Math.max(0, Math.min(to, all.length - 1));
    for (const old of body.querySelectorAll(".picked")) old.classList.remove("picked");
    const picked = all.slice(Math.min(from, last), Math.max(from, last) + 1).map((row) => cell(row, source.name));
    if (picked.length > 1 || document.activeElement !== source) for (const each of picked) each.classList.add("picked");
    return picked;
  };
  const place = (input) => rows().indexOf(input.closest("tr"));
  const lastTyped = () => rows().findLastIndex((row) => cells(row).some((each) => each.name !== "type" && each.value.trim()));
  const goTo = (input) => { source = input; filled = []; end = place(input); pick(end); fillTo.value = Math.max(lastTyped(), Math.min(place(input) + 1, rows().length - 1)) + 1; };
  const fill = (value, targets) => {
    const old = targets.map((input) => [input, input.value]);
    for (const input of targets) { input.value = value; changed(input.closest("tr")); }
    const one = place(targets[0]) + 1, last = place(targets.at(-1)) + 1;
    says.textContent = `${source.getAttribute("aria-label").split(", line")[0]}: line${one === last ? ` ${one}` : `s ${one} to ${last}`} filled with “${value}”. Esc puts back what stood there.`;
    source.focus();
    for (const input of targets) input.classList.add("picked");
    filled = old;
  };
  const fillDown = () => {
    if (!source?.isConnected) { says.textContent = "Go to a cell first: what it holds is filled down."; return; }
    const from = place(source), to = /^\d+$/.test(fillTo.value.trim()) ? Number(fillTo.value) - 1 : -1;
    if (to <= from || to >= rows().length) { says.textContent = from + 2 > rows().length ? "This is the last line. Add rows first." : `Type a line from ${from + 2} to ${rows().length}.`; fillTo.focus(); return; }
    fill(source.value, pick(to).slice(1));
  };
  const putBack = () => {
    for (const [input, old] of filled.splice(0)) { input.value = old; changed(input.closest("tr")); }
    goTo(source);
    says.textContent = "What stood there is back.";
  };
  const extend = (by) => {
    end = Math.max(0, Math.min(rows().length - 1, end + by));
    const picked = pick(end);
    fillTo.value = place(picked.at(-1)) + 1;
    says.textContent = `Lines ${place(picked[0]) + 1} to ${fillTo.value} picked: Ctrl+D fills them from the first.`;
    picked.at(end < place(source) ? 0 : -1).scrollIntoView({ block: "nearest" });
  };
  const fillPicked = () => {
    const [top, ...below] = body.querySelectorAll(".picked"), above = rows()[place(source) - 1];
    if (below.length) fill(top.value, below); else if (above) fill(cell(above, source.name).value, [source]);
  };

  for (const kind of ["input", "paste"]) body.addEventListener(kind, () => { filled = []; });
  body.addEventListener("focusin", (event) => { if (event.target.matches("input.cell:not([name=place])")) goTo(event.target); });
  form.querySelector("[data-fill]").addEventListener("click", fillDown);
  fillTo.addEventListener("input", () => { if (source?.isConnected && /^\d+$/.test(fillTo.value)) pick(Math.max(place(source), Number(fillTo.value) - 1)); });
  fillTo.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); fillDown(); } });
  // Before schedule.js hears of it, which would go down or put one cell back.
  body.addEventListener("keydown", (event) => {
    if (event.target !== source || event.altKey) return;
    const by = event.shiftKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : 0;
    const act = by ? () => extend(by)
      : event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey) ? fillPicked
      : event.key === "Escape" && filled.length ? putBack : null;
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, true);
})();
