/* Says a job's progress in the live region at the start, half way and at the end, not on every tick. The asking is htmx's.

   [data-job] data-done data-total   the fragment that components/progress.html draws; id names the job
   [data-job] without hx-get         finished: says its words; with data-reload the page around it is loaded once more */
(() => {
  const said = new Map();
  const say = (words) => window.dispatchEvent(new CustomEvent("plumbline:say", { detail: words }));
  const speak = (job) => {
    const half = 2 * Number(job.dataset.done) >= Number(job.dataset.total) && Number(job.dataset.total) > 0;
    const stage = job.hasAttribute("hx-get") ? (half ? "half" : "start") : "end";
    if (said.get(job.id) === stage) return;
    const before = said.get(job.id);
    said.set(job.id, stage);
    if (before || stage !== "end") say(job.textContent.trim().replace(/\s+/g, " "));
    // The rest of the page was drawn while the job ran: show what came of it, once.
    if (before && stage === "end" && job.hasAttribute("data-reload")) location.reload();
  };
  document.querySelectorAll("[data-job]").forEach(speak);
  document.addEventListener("htmx:afterSettle", (event) => {
    const job = event.target.closest?.("[data-job]");
    if (job) speak(job);
  });
})();
