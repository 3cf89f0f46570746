/* The entry sheet: moves like a spreadsheet, adds up as you type, saves each row when you leave it. Whole cents only.
   What it shows is a preview of what the server will say; the server's figures replace it after each save.

   <form data-sheet-form data-save="/…/">               data-save is optional: without it the whole form is sent by its button;
     <input type="hidden" name="version">               with it a row goes there as soon as it is left
   <table data-sheet>
   <tbody class="line" id="line-25" data-row="25">      cents: data-scheduled, data-before (work completed before), data-stored-before,
                                                        data-held-work, data-held-stored; rates in hundredths of a percent:
                                                        data-work-rate="1000" is 10 %, data-stored-rate; data-may-exceed="1" waives the limit
     <input class="cell" name="…" data-cell="work|moved|stored|release">   amounts, forgiving (U5); any name
     <input class="cell" data-cell="percent">           typing it solves for work; its name is only for people without scripts
     <input class="cell" data-cell="quantity">          times data-unit-price="18.7500" of the row gives work, which is readonly there
     <output data-out="presently_stored|total|percent|balance|retainage">
     <tr class="under" hidden><td><p data-problem>      one row's problem, in words
   anywhere: data-sum="work|moved|stored|release|presently_stored|total|balance|scheduled|gross|retainage|held|net|earned|left", [data-saved], <a data-problems>
   Answer to a row (fields of that row, line, version): 200 {version, row: {total: "…"}, summary: {net: "…"}, problems: ["…"]};
   409 or 422 {problems: ["…"]}. */
(() => {
  const sheet = document.querySelector("table[data-sheet]");
  if (!sheet) return;
  const form = sheet.closest("form");
  const saved = document.querySelector("[data-saved]");
  const sums = [...document.querySelectorAll("[data-sum]")];
  const figures = new Map(), totals = {}, dirty = new Set();
  let before = "", saving = Promise.resolve();

  // "$1,250", "(1,250.00)", "1250-" → cents; "" → 0; null when it is not an amount. No floating point on the way.
  const parse = (text) => {
    const bare = text.trim().replace(/[$\s]/g, "").replace(/−/g, "-");
    if (bare === "" || bare === "-") return 0;
    const found = /^(\(|-)?(\d[\d,]*|(?=\.\d))(?:\.(\d{0,2})0*)?(\)|-)?$/.exec(bare);
    if (!found || (found[1] === "(") !== (found[4] === ")")) return null;
    const size = Number(found[2].replace(/,/g, "") || 0) * 100 + Number((found[3] ?? "").padEnd(2, "0"));
    return (found[1] || found[4]) && size ? -size : size;
  };
  const grouped = new Intl.NumberFormat("en-US");
  const plain = (cents) => `${cents < 0 ? "-" : ""}${grouped.format(Math.floor(Math.abs(cents) / 100))}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;
  const words = (cents) => plain(cents).replace("-", "−");
  const share = (cents, rate) => Math.sign(cents) * Math.floor((Math.abs(cents) * rate + 5000) / 10000); // half-up, as the server does
  const percent = (part, whole, places = 1) => (whole ? `${((part * 100) / whole).toFixed(places).replace("-", "−")} %` : "");
  // Quantity × unit price in cents, half-up; both with at most four decimals. null when either is not a number.
  const tenThousandths = (text) => {
    const found = /^(-?)(\d*)(?:\.(\d{0,4}))?$/.exec(text.replace(/[,\s]/g, "").replace(/−/g, "-"));
    return found ? BigInt(`${found[1]}${found[2] || "0"}${(found[3] ?? "").padEnd(4, "0")}`) : null;
  };
  const worth = (quantity, price) => {
    const many = tenThousandths(quantity), each = tenThousandths(price);
    if (many === null || each === null) return null;
    const product = many * each, half = product < 0n ? -500000n : 500000n;
    return Number((product + half) / 1000000n);
  };

  const cell = (row, name) => row.querySelector(`[data-cell=${name}]`);
  const fact = (row, name) => Number(row.dataset[name] || 0);
  const entered = (row, name) => { const input = cell(row, name); return input ? parse(input.value) : 0; };

  const reckon = (row) => {
    const [work, moved, stored, release] = ["work", "moved", "stored", "release"].map((name) => entered(row, name) ?? 0);
    const scheduled = fact(row, "scheduled"), storedBefore = fact(row, "storedBefore");
    const presently_stored = storedBefore - moved + stored;
    const total = fact(row, "before") + work + moved + presently_stored;
    const held = fact(row, "heldWork") + share(work + moved, fact(row, "workRate")) + share(presently_stored, fact(row, "storedRate")) - release;
    const gross = work + stored, retainage = held - fact(row, "heldWork") - fact(row, "heldStored");
    const earned = total - held; // line 6; what is left of line 3 is line 9
    return { work, moved, stored, release, scheduled, presently_stored, total, balance: scheduled - total, held, gross, retainage, net: gross - retainage, earned, left: scheduled - earned };
  };
  const AMOUNTS = "[data-cell]:not([data-cell=percent], [data-cell=quantity])";
  const problem = (row, now) => {
    for (const input of row.querySelectorAll(AMOUNTS)) {
      if (parse(input.value) === null) return [`“${input.value.trim()}” is not an amount. Type it like 1,250.00.`, input];
    }
    const over = fact(row, "scheduled") >= 0 ? now.total - now.scheduled : now.scheduled - now.total;
    if (over > 0 && row.dataset.mayExceed !== "1") return [`Over the scheduled value by ${words(over)}.`, cell(row, "work")];
    if (now.moved < 0 || now.moved > fact(row, "storedBefore")) return [`Only ${words(fact(row, "storedBefore"))} is stored and can move to work.`, cell(row, "moved")];
    return ["", null];
  };

  const mark = (row, message, wrong) => {
    for (const input of row.querySelectorAll("[data-cell]")) input.setAttribute("aria-invalid", String(input === wrong));
    row.classList.toggle("has-problem", Boolean(message));
    row.dataset.problem = message ? "1" : "0";
    const place = row.querySelector("[data-problem]");
    if (place) { place.textContent = message; place.closest("tr").hidden = !message; }
    const all = sheet.querySelectorAll("[data-row].has-problem");
    for (const link of document.querySelectorAll("[data-problems]")) {
      link.hidden = all.length === 0;
      if (all.length) { link.textContent = `${all.length} problem${all.length > 1 ? "s" : ""}: go to line ${all[0].dataset.row}`; link.href = `#${all[0].id}`; }
    }
  };
  const paintSums = () => {
    for (const out of sums) { out.textContent = words(totals[out.dataset.sum] ?? 0); out.classList.toggle("preview", Boolean(out.closest("dl"))); }
  };
  const count = (row) => {
    const old = figures.get(row), now = reckon(row);
    for (const key of Object.keys(now)) totals[key] = (totals[key] ?? 0) + now[key] - (old?.[key] ?? 0);
    figures.set(row, now);
    return now;
  };
  const update = (row) => {
    const now = count(row);
    for (const out of row.querySelectorAll("[data-out]")) {
      const key = out.dataset.out;
      out.textContent = key === "percent" ? percent(now.total, now.scheduled) : words(key === "retainage" ? now.held : now[key]);
    }
    return now;
  };
  const moved = (row) => ["moved", "stored"].some((name) => { const input = cell(row, name); return input && input.value !== input.defaultValue; });
  const changed = (input) => {
    const row = input.closest("[data-row]"), work = cell(row, "work"), ratio = cell(row, "percent");
    if (input === ratio && work) {
      const typed = parse(input.value.replace("%", ""));
      if (typed === null) { mark(row, `“${input.value.trim()}” is not a percentage.`, input); return; }
      const now = reckon(row);
      // The percentage that was shown keeps its amount: it is rounded, the amount is not.
      const kept = typed === parse(input.defaultValue.replace("%", "")) && !moved(row);
      work.value = kept ? work.defaultValue : plain(share(now.scheduled, typed) - (now.total - now.work));
    }
    if (input.dataset.cell === "quantity") {
      const cents = worth(input.value, row.dataset.unitPrice);
      if (cents === null) { mark(row, `“${input.value.trim()}” is not a quantity. Type it like 12.5.`, input); return; }
      work.value = plain(cents);
    }
    const now = update(row);
    if (ratio && input !== ratio) ratio.value = percent(now.total, now.scheduled, 2).replace(" %", "");
    mark(row, ...problem(row, now));
    dirty.add(row);
    paintSums();
  };

  const note = (text) => { if (saved) saved.textContent = text; };
  const accept = (row, answer) => {
    if (answer.version !== undefined && form.elements.version) form.elements.version.value = answer.version;
    for (const [key, text] of Object.entries(answer.row ?? {})) { const out = row.querySelector(`[data-out=${key}]`); if (out) out.textContent = text; }
    if (answer.summary && !dirty.size) for (const out of sums) if (out.dataset.sum in answer.summary) { out.textContent = answer.summary[out.dataset.sum]; out.classList.remove("preview"); }
  };
  const send = async (row) => {
    const body = new FormData();
    for (const input of row.querySelectorAll("[name]")) body.append(input.name, input.value);
    body.append("line", row.dataset.row);
    body.append("version", form.elements.version?.value ?? "");
    const answer = await fetch(form.dataset.save, { method: "POST", body, headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, Accept: "application/json" } }).catch(() => null);
    const told = answer?.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    if (answer?.ok) accept(row, told); else dirty.add(row);
    if (told.problems?.length) mark(row, told.problems.join(" "), null);
    note(answer?.ok ? (dirty.size ? "Saving…" : "All saved") : answer ? "Not saved: look at the marked line" : "Not saved: you are offline, it stays on this page");
  };
  const save = (row) => {
    const readable = [...row.querySelectorAll(AMOUNTS)].every((input) => parse(input.value) !== null);
    if (!form.dataset.save || !dirty.has(row) || !readable) return;
    dirty.delete(row);
    note("Saving…");
    saving = saving.then(() => send(row)); // one after the other: each needs the version the one before brought back
  };

  const inputs = (row) => [...row.querySelectorAll("[data-cell]:not(:disabled, [readonly])")];
  const rows = () => [...sheet.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility() && inputs(row).length);
  const move = (input, by) => {
    const all = rows(), next = all[all.indexOf(input.closest("[data-row]")) + by];
    const target = next && (cell(next, input.dataset.cell) ?? inputs(next)[0]);
    if (target) { target.focus(); target.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  };
  const paste = (event) => {
    const block = event.target.dataset.cell && plumbline.block(event);
    if (!block) return;
    event.preventDefault();
    const all = rows(), top = all.indexOf(event.target.closest("[data-row]"));
    block.slice(0, all.length - top).forEach((values, down) => {
      // An amount is no percentage, and the percentage says the same as the work beside it: a block goes past it.
      const here = inputs(all[top + down]).filter((input) => input.dataset.cell !== "percent" || event.target.dataset.cell === "percent"), left = here.findIndex((input) => input.dataset.cell === event.target.dataset.cell);
      values.forEach((value, across) => { const input = here[left + across]; if (input) { input.value = tidy(value); changed(input); } });
    });
    all.slice(top).forEach(save);
  };
  const tidy = (text) => { const cents = parse(text); return cents === null ? text.trim() : plain(cents); };

  sheet.addEventListener("input", (event) => { if (event.target.dataset.cell) changed(event.target); else if (event.target.name) dirty.add(event.target.closest("[data-row]")); });
  sheet.addEventListener("change", (event) => { if (event.target.matches(AMOUNTS)) event.target.value = tidy(event.target.value); });
  sheet.addEventListener("focusin", (event) => { if (event.target.dataset.cell) { before = event.target.value; event.target.select(); } });
  sheet.addEventListener("focusout", (event) => { const row = event.target.closest("[data-row]"); if (row && !row.contains(event.relatedTarget)) save(row); });
  sheet.addEventListener("paste", paste);
  sheet.addEventListener("keydown", (event) => {
    if (!event.target.dataset.cell) return;
    const by = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); move(event.target, by); }
    if (event.key === "Escape" && event.target.value !== before) { event.target.value = before; changed(event.target); event.target.select(); }
  });
  addEventListener("beforeunload", (event) => { if (form.dataset.save && dirty.size) event.preventDefault(); });
  document.addEventListener("submit", () => dirty.clear());

  for (const input of sheet.querySelectorAll("[data-cell=percent]")) input.removeAttribute("name"); // work holds its answer

  // On a narrow screen the columns to type in come first; what stands before them is a swipe away.
  const region = sheet.closest("[role=region]"), first = inputs(sheet)[0];
  if (region && first && first.getBoundingClientRect().right > region.getBoundingClientRect().right) {
    const name = sheet.querySelector("tbody th[scope=row]");
    region.scrollLeft += first.getBoundingClientRect().left - region.getBoundingClientRect().left - name.offsetWidth - 4;
  }
  for (const row of sheet.querySelectorAll("[data-row]")) count(row); // what is shown so far came from the server
})();
