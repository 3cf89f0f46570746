/* Short ways to type into the entry sheet, turned into amounts at once, as forms/columns.py reads them. After sheet.js.

   In a cell: "50 %" is a share of what the column is part of, "rest" what is left of the line, "=" last time's amount
   (data-last-work="1,250.00" of the row; data-last alone: it was on the invoice before, with 0.00).
   <fieldset data-set-many>: set_column, set_lines (shown, picked, all), set_to and a button that sets them; Esc takes it back.
   <input data-presses="set">                Enter presses the button of this value, never another one (U1) */
(() => {
  if (!window.plumbline?.sheet) return;
  const { sheet, cell, changed, fact, hundredths, parse, plain, putBack, reckon, rows, scaled, share, state, tidy } = plumbline.sheet;
  const form = sheet.closest("form"), REPEATED = ["work", "quantity", "moved", "stored", "release"];
  const say = (words) => window.dispatchEvent(new CustomEvent("plumbline:say", { detail: words }));

  // Retainage by share: at the line's own rate the rule goes on deciding; the share that is shown keeps its amount.
  const kept = (now, base, rate) => (hundredths(now, base) * 100 === rate ? now : share(base, rate));
  const SHARES = {
    work: (row, now, rate) => (now.scheduled ? kept(parse(cell(row, "work").defaultValue) ?? 0, now.scheduled, rate) : undefined),
    moved: (row, now, rate) => share(fact(row, "storedBefore"), rate),
    release: (row, now, rate) => (rate >= 0 && rate <= 1000000 ? share(fact(row, "heldWork") + now.held_work, rate) : undefined),
    "held-work": (row, now, rate) => {
      const base = now.work + now.moved, own = fact(row, "workRate");
      return rate === own ? "" : kept(Number(row.dataset.typedWork ?? share(base, own)), base, rate);
    },
    "held-stored": (row, now, rate) => {
      const base = now.presently_stored, own = fact(row, "storedRate");
      return rate === own ? "" : kept(Number(row.dataset.typedStored ?? share(base, own)), base, rate);
    },
  };
  const RESTS = {
    work: (row, now) => now.balance,
    stored: (row, now) => now.balance,
    moved: (row) => fact(row, "storedBefore"),
    release: (row, now) => fact(row, "heldWork") + now.held_work,
  };
  // The text to stand there instead; undefined when it is no shorthand, or says nothing on this line.
  plumbline.shorthand = (input) => {
    const name = input.dataset.cell, text = input.value.trim(), row = input.closest("[data-row]");
    if (text === "=" && REPEATED.includes(name) && "last" in row.dataset) {
      return row.getAttribute(`data-last-${name}`) ?? (name === "quantity" ? "0" : "0.00");
    }
    const isRest = text.toLowerCase() === "rest" && name in RESTS;
    const rate = text.length > 1 && text.endsWith("%") && name in SHARES ? scaled(text, "%", 4) : null;
    if (!isRest && rate === null) return undefined;
    const now = reckon(row); // what can't be read as an amount counts as none
    const cents = isRest ? RESTS[name](row, now) : SHARES[name](row, now, Number(rate));
    return typeof cents === "number" ? plain(cents) : cents;
  };

  const many = form.querySelector("[data-set-many]");
  if (!many) return;
  const [column, which, to] = ["set_column", "set_lines", "set_to"].map((name) => form.elements[name]);
  let undo = [];
  const chosen = () => {
    const all = which.value === "all" ? [...sheet.querySelectorAll("[data-row]")] : rows();
    return which.value === "picked" ? all.filter((row) => row.querySelector("[name=pick]")?.checked) : all;
  };
  const setThem = () => {
    const cells = chosen().map((row) => cell(row, column.value)).filter((input) => input && !input.readOnly);
    // A percentage stands for the work beside it.
    undo = cells.map((input) => (column.value === "percent" ? cell(input.closest("[data-row]"), "work") : input)).map((input) => [input, state(input)]);
    for (const input of cells) {
      input.value = to.value;
      changed(input);
      if (!["percent", "quantity"].includes(column.value) && !("follows" in input.dataset)) input.value = tidy(input.value);
      input.classList.add("picked");
    }
    say(cells.length ? `Set on ${cells.length} line${cells.length > 1 ? "s" : ""}, not saved yet. Escape takes it back.` : "No line is ticked: nothing was set.");
  };
  form.querySelector("button[value=set]").addEventListener("click", (event) => { event.preventDefault(); setThem(); });
  form.addEventListener("keydown", (event) => {
    const presses = event.target.dataset?.presses;
    if (event.key === "Enter" && presses) { event.preventDefault(); form.querySelector(`button[value=${presses}]`).click(); }
    if (event.key !== "Escape" || !undo.length || (event.target.dataset?.cell && event.defaultPrevented)) return;
    for (const [input, old] of undo) { putBack(input, old); input.closest("tr").querySelectorAll(".picked").forEach((each) => each.classList.remove("picked")); }
    say(`Taken back on ${undo.length} line${undo.length > 1 ? "s" : ""}.`);
    undo = [];
  });
})();
