/* The matrix of levels: says how many cells were changed, marks them, and sends those alone. Works the same without.

   <form data-levels>                         selects named level-…, each with a hidden seen-… beside it
   data-levels-count                          text that says how many changed */
(() => {
  const form = document.querySelector("form[data-levels]"), words = form?.querySelector("[data-levels-count]");
  if (!words) return;
  const plain = words.textContent;
  const seen = (select) => form.elements[select.name.replace("level-", "seen-")];
  const changed = (select) => select.value !== seen(select).value;
  const selects = () => [...form.querySelectorAll("select[name^=level-]")];

  const count = () => {
    const number = selects().filter(changed).length;
    for (const select of selects()) if (!select.closest(".is-stale")) select.closest("td").classList.toggle("is-changed", changed(select));
    words.textContent = number ? `${number} ${number === 1 ? "level" : "levels"} changed, not saved yet.` : plain;
  };
  form.addEventListener("change", count);
  form.addEventListener("submit", () => {
    for (const select of selects()) if (!changed(select)) select.disabled = seen(select).disabled = true;
  });
  window.addEventListener("pageshow", (event) => {  // back from the next page: nothing may stay switched off
    if (event.persisted) for (const select of selects()) select.disabled = seen(select).disabled = false;
    count();
  });
})();
