/* The schedule of values: moves like a spreadsheet, takes a pasted block, adds up as you type. Works the same without.

   <form data-schedule>                     inputs of a row are the next value of each list; their order is the lines' order
   <form data-most="1500">                  no more rows than the server takes: more would not be read at all
   <tbody data-rows> <tr>                   a row, dragged by its first cell; a <tr class="under"> after it belongs to it
   [data-total], [data-says]                the sum of what is typed; a live line for what just happened
   plumbline.schedule                       what fill.js, which fills cells down, takes from here
   What it adds up is a preview; the server's sum replaces it after each save. */
(() => {
  const form = document.querySelector("form[data-schedule]");
  if (!form) return;
  const body = form.querySelector("[data-rows]"), sum = form.querySelector("[data-total]"), says = form.querySelector("[data-says]");
  const rows = () => [...body.children].filter((row) => !row.classList.contains("under"));
  const cells = (row) => [...row.querySelectorAll("input.cell:not([name=place])")];
  const cell = (row, name) => row.querySelector(`[name=${name}]`);
  const most = Number(form.dataset.most);
  let before = "", dirty = false, dragged = null;

  // "$1,250", "(1,250.00)" → ten-thousandths, exact; null when it is no number.
  const parse = (text) => {
    const bare = text.trim().replace(/[$%\s]/g, "").replace(/−/g, "-");
    const found = /^(\(|-)?(\d[\d,]*|(?=\.\d))(?:\.(\d{0,4})0*)?(\)|-)?$/.exec(bare);
    if (!found || (found[1] === "(") !== (found[4] === ")")) return null;
    const size = BigInt((found[2] || "0").replace(/,/g, "") + (found[3] ?? "").padEnd(4, "0"));
    return found[1] || found[4] ? -size : size;
  };
  const half = (number, by) => (number < 0n ? -((-number + by / 2n) / by) : (number + by / 2n) / by);
  const cents = (row) => {
    const quantity = cell(row, "quantity"), price = cell(row, "price");
    const many = quantity && parse(quantity.value), each = price && parse(price.value);
    if (many && each) return half(many * each, 1000000n);
    return half(parse(cell(row, "amount").value) ?? 0n, 100n);
  };
  const grouped = (number) => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const plain = (number) => { const size = number < 0n ? -number : number; return `${number < 0n ? "-" : ""}${grouped(size / 100n)}.${String(size % 100n).padStart(2, "0")}`; };

  const reckon = () => { sum.textContent = plain(rows().reduce((all, row) => (row.querySelector("[name=remove]").checked ? all : all + cents(row)), 0n)).replace("-", "−"); };
  const changed = (row) => {
    dirty = true;
    const quantity = cell(row, "quantity"), amount = cell(row, "amount");
    if (quantity?.value.trim() && cell(row, "price").value.trim()) amount.value = plain(cents(row));
    reckon();
  };
  const number = () => rows().forEach((row, at) => {
    cell(row, "place").value = at + 1;
    cell(row, "remove").value = at;
    for (const input of row.querySelectorAll("[aria-label]")) input.setAttribute("aria-label", `${input.getAttribute("aria-label").split(", line")[0]}, line ${at + 1}`);
    for (const input of cells(row)) input.id = `${input.name}-${at + 1}`;
    for (const tick of under(row)?.querySelectorAll("[name=theirs]") ?? []) tick.value = tick.value.replace(/^\d+/, at);
    row.firstElementChild.draggable = true;
  });
  const copy = (last) => {
    const row = last.cloneNode(true);
    row.classList.remove("has-problem");
    for (const input of row.querySelectorAll("input")) {
      if (input.type === "checkbox") input.checked = false;
      else if (input.name !== "type") input.value = "";
      input.classList.remove("picked");
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    return row;
  };
  // Blank rows at the end, numbered once however many; none of them when that is more than can be saved.
  const add = (count) => {
    const last = rows().at(-1);
    if (rows().length + count > most) { says.textContent = `A schedule of values has ${grouped(most)} lines at most. Nothing was added.`; return null; }
    const made = Array.from({ length: count }, () => copy(last));
    body.append(...made);
    number();
    return made;
  };
  const under = (row) => (row.nextElementSibling?.classList.contains("under") ? row.nextElementSibling : null);
  const put = (row, other) => {
    const all = rows(), to = all.indexOf(other), mine = [row, under(row)].filter(Boolean);
    if (to < 0 || row === other) return;
    if (to < all.indexOf(row)) other.before(...mine); else (under(other) ?? other).after(...mine);
    number();
    dirty = true;
    says.textContent = `Line moved to place ${to + 1}.`;
  };
  const shift = (input, by) => {
    const row = input.closest("tr"), all = rows(), other = all[all.indexOf(row) + by];
    if (other) { put(row, other); input.focus(); }
  };
  const go = (input, by) => {
    const all = rows(), at = all.indexOf(input.closest("tr")) + by;
    if (at < 0) return;
    const row = all[at] ?? (by > 0 && cells(all.at(-1)).some((each) => each.name !== "type" && each.value.trim()) ? add(1)?.[0] : null);
    if (row) { cell(row, input.name).focus(); cell(row, input.name).scrollIntoView({ block: "nearest" }); }
  };
  const paste = (event) => {
    const lines = event.target.matches("input.cell") && plumbline.block(event);
    if (!lines) return;
    event.preventDefault();
    const top = rows().indexOf(event.target.closest("tr"));
    const names = cells(rows()[top]).map((input) => input.name), left = names.indexOf(event.target.name);
    const missing = top + lines.length - rows().length;
    if (missing > 0 && !add(missing)) return;
    const all = rows();
    lines.forEach((line, down) => {
      line.forEach((value, across) => { const name = names[left + across]; if (name) cell(all[top + down], name).value = value; });
      const quantity = cell(all[top + down], "quantity");
      if (quantity?.value && cell(all[top + down], "price").value) cell(all[top + down], "amount").value = plain(cents(all[top + down]));
    });
    dirty = true;
    reckon();
    says.textContent = `${lines.length} line${lines.length === 1 ? "" : "s"} pasted.`;
  };

  body.addEventListener("input", (event) => changed(event.target.closest("tr")));
  body.addEventListener("change", (event) => {
    if (event.target.name === "place") {
      const all = rows(), row = event.target.closest("tr"), to = Number(event.target.value);
      if (to >= 1) put(row, all[Math.min(to, all.length) - 1]);
      number();
      event.target.focus();
    }
    if (event.target.name === "amount") { const read = parse(event.target.value); if (read !== null) event.target.value = plain(half(read, 100n)); }
    reckon();
  });
  body.addEventListener("focusin", (event) => { if (event.target.matches("input.cell")) { before = event.target.value; event.target.select(); } });
  body.addEventListener("paste", paste);
  body.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches("input.cell")) return;
    if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) { event.preventDefault(); shift(input, event.key === "ArrowUp" ? -1 : 1); return; }
    if (event.key === "Enter") { event.preventDefault(); go(input, event.shiftKey ? -1 : 1); }
    if (!input.list && ["ArrowUp", "ArrowDown"].includes(event.key)) { event.preventDefault(); go(input, event.key === "ArrowUp" ? -1 : 1); }
    if (event.key === "Escape" && input.value !== before) { input.value = before; changed(input.closest("tr")); }
  });
  body.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("td:first-child")?.parentElement ?? null;
    if (dragged) { event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", ""); }
  });
  body.addEventListener("dragover", (event) => { if (dragged) event.preventDefault(); });
  body.addEventListener("drop", (event) => {
    const over = event.target.closest("tr");
    if (!dragged || !over) return;
    event.preventDefault();
    put(dragged, over.classList.contains("under") ? over.previousElementSibling : over);
    dragged = null;
  });
  body.addEventListener("dragend", () => { dragged = null; });
  form.addEventListener("submit", () => { dirty = false; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  number();
  window.plumbline.schedule = { form, body, rows, cells, cell, changed, says };
})();
