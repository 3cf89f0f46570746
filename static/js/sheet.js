/* The entry sheet: moves like a spreadsheet and adds up as you type, exactly as calculations/lines.py does. Whole cents only.
   What it shows is a preview of what the server will say; the server's figures replace it after each save.

   <form data-sheet-form><table data-sheet>
   <tbody class="line" id="line-25">   its first cell says its number (data-row), those below C, A and PF what they are;
     cents: data-held-work|stored before, data-typed-work|stored|left (as typed, not by its rule), data-before, data-stored-before without A, PF;
     rates in ten-thousandths of a percent: data-work-rate="100000" is 10 %, data-stored-rate; the table has those of most rows;
     data-may-exceed="1" waives the limit
   cells.js gave each input its line's name and data-cell:
     work moved stored release          amounts, forgiving (U5)
     held-work held-stored left         typed, or data-follows its rule: then it shows what the rule gives
     percent                            typing it solves for work; its name is only for people without scripts
     quantity                           times data-unit-price="18.7500" of the row gives work, which is readonly there
   <output data-out="presently_stored|total|percent|balance|held_work|held_work_rate|held_stored|held_stored_rate|held">
     <tr class="under"><td><p data-problem>  one row's problem, in words; data-unsaved on a row: some of it came back not saved
   anywhere: data-sum="work|moved|stored|release|left_before|presently_stored|total|balance|scheduled|held_work|held_stored|held|gross|retained|share|net|earned|left", <a data-problems> */
(() => {
  const sheet = document.querySelector("table[data-sheet]");
  if (!sheet) return;
  const sums = [...document.querySelectorAll("[data-sum]")], figures = new Map(), totals = {};
  let before = {};
  const { scaled, parse, plain, words, share, hundredths, inWords, bare, worth } = plumbline.cents;
  const cell = (row, name) => row.querySelector(`[data-cell=${name}]`);
  const fact = (row, name) => Number(row.dataset[name] ?? sheet.dataset[name] ?? 0);
  const entered = (row, name) => { const input = cell(row, name); return input ? parse(input.value) : 0; };

  // Amounts that follow a rule unless somebody typed them: {cell: [what is stored as typed, what the rule gives]}.
  const RULED = { "held-work": ["typedWork", "held_work"], "held-stored": ["typedStored", "held_stored"], left: ["typedLeft", "left_before"] };
  const typed = (row, name) => {
    const input = cell(row, name), stored = row.dataset[RULED[name][0]];
    if (!input) return stored === undefined ? null : Number(stored);
    return "follows" in input.dataset ? null : parse(input.value);
  };

  const reckon = (row) => {
    const [work, moved, stored, release] = ["work", "moved", "stored", "release"].map((name) => entered(row, name) ?? 0);
    const scheduled = fact(row, "scheduled"), storedBefore = fact(row, "storedBefore");
    const left_before = typed(row, "left") ?? storedBefore - moved, presently_stored = left_before + stored;
    const total = fact(row, "before") + work + moved + presently_stored;
    const held_work = typed(row, "held-work") ?? share(work + moved, fact(row, "workRate"));
    const held_stored = (presently_stored ? typed(row, "held-stored") : null) ?? share(presently_stored, fact(row, "storedRate"));
    const held = fact(row, "heldWork") + held_work + held_stored - release;
    const gross = work + moved + presently_stored - storedBefore, change = held - fact(row, "heldWork") - fact(row, "heldStored");
    const earned = total - held; // line 6; what is left of line 3 is line 9
    return { work, moved, stored, release, scheduled, left_before, presently_stored, total, balance: scheduled - total, held_work, held_stored, held, gross, retained: change, net: gross - change, earned, left: scheduled - earned };
  };
  const AMOUNTS = "[data-cell]:not([data-cell=percent], [data-cell=quantity])";
  const problem = (row, now) => {
    for (const input of row.querySelectorAll(AMOUNTS)) {
      if (parse(input.value) === null) return [`“${input.value.trim()}” is not an amount. Type it like 1,250.00.`, input];
    }
    const over = fact(row, "scheduled") >= 0 ? now.total - now.scheduled : now.scheduled - now.total, before = fact(row, "before") + fact(row, "storedBefore");
    if (over > 0 && Math.abs(now.total) > Math.abs(before) && row.dataset.mayExceed !== "1") return [`Over the scheduled value by ${words(over)}.`, cell(row, "work")];
    if (now.moved < 0 || now.moved > fact(row, "storedBefore")) return [`Only ${words(fact(row, "storedBefore"))} is stored and can move to work.`, cell(row, "moved")];
    return ["", null];
  };

  const placeFor = (row) => {
    const under = row.insertRow(1), cell = under.insertCell(), place = document.createElement("p");
    [under.className, cell.colSpan, place.className, place.id] = ["under", 20, "under-text tone-warn", `problem-${row.id}`];
    place.dataset.problem = "";
    cell.append(place);
    return place;
  };
  const mark = (row, message, wrong) => {
    row.classList.toggle("has-problem", Boolean(message));
    row.dataset.problem = message ? "1" : "0";
    const place = row.querySelector("[data-problem]") ?? (message && placeFor(row));
    if (place) { tell(place, message); place.closest("tr").hidden = !message; }
    for (const input of row.querySelectorAll("[data-cell]")) { input.setAttribute("aria-invalid", String(input === wrong)); input.removeAttribute("aria-describedby"); }
    wrong?.setAttribute("aria-describedby", place.id);
    const all = sheet.querySelectorAll("[data-row].has-problem");
    for (const link of document.querySelectorAll("[data-problems]")) {
      link.hidden = all.length === 0;
      if (all.length) { link.textContent = `${all.length} problem${all.length > 1 ? "s" : ""}: go to line ${all[0].dataset.row}`; link.href = `#${all[0].id}`; }
    }
  };
  // Into the text that is there: another node would have the browser look at the style of all 500 lines again.
  const tell = (out, text) => {
    if (out.firstChild && text) { if (out.firstChild.data !== text) out.firstChild.data = text; } else if (out.textContent !== text) out.textContent = text;
  };
  const paintSums = () => {
    for (const out of sums) { tell(out, out.dataset.sum === "share" ? inWords(hundredths(totals.retained, totals.gross)) : words(totals[out.dataset.sum] ?? 0)); out.classList.toggle("preview", Boolean(out.closest("dl"))); }
  };
  const count = (row) => {
    const old = figures.get(row), now = reckon(row);
    for (const key of Object.keys(now)) totals[key] = (totals[key] ?? 0) + now[key] - (old?.[key] ?? 0);
    figures.set(row, now);
    return now;
  };
  // What share is held: by the rule, or what a typed amount comes to.
  const rate = (row, name, base, rule) => { const asked = base ? typed(row, name) : null; return `${asked === null ? fact(row, rule) / 10000 : bare(hundredths(asked, base))} %`; };
  const PERCENTS = { percent: (row, now) => inWords(hundredths(now.total, now.scheduled)),
    held_work_rate: (row, now) => rate(row, "held-work", now.work + now.moved, "workRate"), held_stored_rate: (row, now) => rate(row, "held-stored", now.presently_stored, "storedRate") };
  const update = (row) => {
    const now = count(row);
    for (const out of row.querySelectorAll("[data-out]")) tell(out, PERCENTS[out.dataset.out]?.(row, now) ?? words(now[out.dataset.out]));
    for (const [name, [stored, key]] of Object.entries(RULED)) {
      const input = cell(row, name);
      if (!input || !("follows" in input.dataset)) continue;
      input.placeholder = plain(now[key]); // emptied, it is told to the server as empty
      if (row.dataset[stored] === undefined && input !== document.activeElement) input.value = plain(now[key]);
    }
    return now;
  };
  const moved = (row) => ["moved", "stored"].some((name) => { const input = cell(row, name); return input && input.value !== input.defaultValue; });
  // An amount that is left to its rule is not sent, or sent empty where one is stored as typed.
  const follow = (input, follows) => {
    const isNews = input.closest("[data-row]").dataset[RULED[input.dataset.cell][0]] !== undefined;
    input.toggleAttribute("data-follows", follows);
    if (follows && !isNews) input.removeAttribute("name"); else input.name = input.id;
  };
  // Emptied, or typed as the page showed it: the server then takes it as not touched.
  const isLeftToRule = (input) => input.value.trim() === "" || Boolean(input.dataset.shown) && parse(input.value) === parse(input.dataset.shown);
  const changed = (input, follows = isLeftToRule(input)) => {
    const short = plumbline.shorthand?.(input);
    if (short !== undefined) { input.value = short; follows = short === ""; }
    const row = input.closest("[data-row]"), work = cell(row, "work"), ratio = cell(row, "percent");
    if (input === ratio && work) {
      const asked = scaled(input.value, "%", 4);
      if (asked === null) { mark(row, `“${input.value.trim()}” is not a percentage.`, input); return; }
      const now = reckon(row);
      // The percentage that was shown keeps its amount: it is rounded, the amount is not.
      const kept = asked === scaled(input.defaultValue, "%", 4) && !moved(row);
      work.value = kept ? work.defaultValue : plain(share(now.scheduled, asked) - (now.total - now.work));
    }
    if (input.dataset.cell === "quantity") {
      const cents = worth(input.value, row.dataset.unitPrice);
      if (cents === null) { mark(row, `“${input.value.trim()}” is not a quantity. Type it like 12.5.`, input); return; }
      work.value = plain(cents);
    }
    if (input.dataset.cell in RULED) follow(input, follows);
    const now = update(row);
    if (ratio && input !== ratio) ratio.value = bare(hundredths(now.total, now.scheduled));
    mark(row, ...problem(row, now));
    paintSums();
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
    const all = [...sheet.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility()), top = all.indexOf(event.target.closest("[data-row]")), wide = new Set(), lost = block.slice(all.length - top);
    block.slice(0, all.length - top).forEach((values, down) => {
      // A locked line takes nothing, and keeps its place in the block: what stands below it lands where it should.
      const row = all[top + down], isLocked = inputs(row).length === 0, open = isLocked ? [...row.querySelectorAll("[data-cell]")] : inputs(row);
      // An amount is no percentage, and the percentage says the same as the work beside it: a block goes past it, and past what a rule left.
      const here = open.filter((input) => !["percent", "left"].includes(input.dataset.cell) || event.target.dataset.cell === input.dataset.cell), left = here.findIndex((input) => input.dataset.cell === event.target.dataset.cell);
      if (left < 0) { lost.push(values); return; } // it has no such column: what stands beside it would land in another one
      const pairs = values.map((value, across) => [here[left + across], tidy(value)]).filter(([input]) => input);
      values.forEach((value, across) => { if (value && !here[left + across]) wide.add(across); });
      if (!isLocked) for (const [input, value] of pairs) { input.value = value; changed(input); }
      else mark(row, pairs.some(([input, value]) => input.value !== value) ? "Not pasted: this line is approved and locked. Press Change anyway first." : "");
    });
    plumbline.sheet.unfit = plumbline.unfit(lost, wide.size);
  };
  const state = (input) => ({ value: input.value, follows: "follows" in input.dataset }), putBack = (input, old) => { input.value = old.value; changed(input, old.follows); };
  const tidy = (text) => { const cents = parse(text); return cents === null ? text.trim() : plain(cents); };

  sheet.addEventListener("input", (event) => { if (event.target.dataset.cell) changed(event.target); });
  sheet.addEventListener("change", (event) => { if (event.target.matches(AMOUNTS) && !("follows" in event.target.dataset)) event.target.value = tidy(event.target.value); });
  sheet.addEventListener("focusin", (event) => { if (event.target.dataset.cell) { before = state(event.target); event.target.select(); } });
  sheet.addEventListener("focusout", (event) => { if ("follows" in event.target.dataset) update(event.target.closest("[data-row]")); });
  sheet.addEventListener("paste", paste);
  sheet.addEventListener("keydown", (event) => {
    if (!event.target.dataset.cell) return;
    const by = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); move(event.target, by); }
    if (event.key === "Escape" && event.target.value !== before.value) { event.preventDefault(); putBack(event.target, before); event.target.select(); }
  });
  [...sheet.tHead.rows[0].cells].forEach((head, at) => {
    const name = { C: "scheduled", A: "before", PF: "storedBefore" }[head.querySelector(".col")?.textContent];
    if (name) for (const row of sheet.tBodies) row.dataset[name] = parse(row.rows[0].cells[at].textContent);
  });
  plumbline.sheet = { sheet, cell, changed, fact, follow, hundredths, mark, paintSums, parse, plain, putBack, reckon, rows, scaled, share, state, tidy, update };
  for (const input of sheet.querySelectorAll("[data-cell=percent]")) input.removeAttribute("name"); // work holds its answer

  // The columns to type in come first, or what was filled in; on a narrow screen what stands before them is a swipe away.
  const region = sheet.closest("[role=region]"), filled = sheet.querySelector(".cell.picked"), first = filled ?? inputs(sheet)[0];
  if (region && first && first.getBoundingClientRect().right > region.getBoundingClientRect().right) {
    const name = sheet.querySelector("tbody th[scope=row]");
    region.scrollLeft += first.getBoundingClientRect().left - region.getBoundingClientRect().left - name.offsetWidth - 4;
  }
  filled?.scrollIntoView({ block: "nearest", inline: "nearest" });
  for (const input of sheet.querySelectorAll("[data-follows]")) { input.dataset.shown = input.value; follow(input, true); }
  for (const row of sheet.querySelectorAll("[data-row]")) count(row); // what is shown so far came from the server
  for (const row of sheet.querySelectorAll("[data-unsaved]")) { // but for what came back unsaved
    const now = update(row), ratio = cell(row, "percent");
    if (ratio && cell(row, "work").matches(".picked") && !ratio.matches(".picked")) ratio.value = bare(hundredths(now.total, now.scheduled));
    paintSums();
  }
})();
