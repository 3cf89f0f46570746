/* Says a job's progress in the live region at the start, half way and at the end, not on every tick. The asking is htmx's.

   [data-job] data-done data-total   the fragment that components/progress.html draws; id names the job
   its last answer                   has the page loaded once more (HX-Refresh): its words are said on the new page */
(() => {
  const KEPT = "plumbline-progress", said = new Map();
  const say = (words) => window.dispatchEvent(new CustomEvent("plumbline:say", { detail: words }));
  const words = (job) => (job.querySelector(":scope > p")?.textContent ?? "").trim().replace(/\s+/g, " ");
  const speak = (job) => {
    if (!job.hasAttribute("hx-get") || !words(job)) return;
    const stage = 2 * Number(job.dataset.done) >= Number(job.dataset.total) && Number(job.dataset.total) > 0 ? "half" : "start";
    if (said.get(job.id) !== stage) say(words(job));
    said.set(job.id, stage);
  };
  const last = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  setTimeout(() => { // a live region is heard only once it has been there for a moment
    if (last) say(last);
    document.querySelectorAll("[data-job]").forEach(speak);
  }, 300);
  document.addEventListener("htmx:afterSettle", (event) => {
    const job = event.target.closest?.("[data-job]");
    if (job) speak(job);
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    if (!xhr.getResponseHeader("HX-Refresh")) return;
    const job = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("[data-job]");
    if (job) sessionStorage.setItem(KEPT, words(job));
  });
})();
