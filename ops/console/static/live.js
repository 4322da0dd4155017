// Keeps the figures of "The loop" fresh: fetches them every two seconds and replaces texts in place.
"use strict";
{
  const EVERY_MS = 2000;
  const SPOKEN_EVERY_MS = 15000; // a screen reader should not have to hear every change
  const line = document.querySelector("[data-figures]");
  const status = document.getElementById("live-state");
  const stop = document.getElementById("live-stop");
  const alerts = document.getElementById("alerts");
  const summary = document.getElementById("summary");
  let lastAlerts = null;
  let spokenAt = Date.now();

  const setText = (element, text) => {
    if (element.textContent !== String(text)) element.textContent = text;
  };

  const showAlerts = (list) => {
    const now = JSON.stringify(list);
    if (now === lastAlerts) return;
    lastAlerts = now;
    alerts.replaceChildren(...list.map(({ level, text, href }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      item.className = level;
      link.href = href;
      link.textContent = text;
      item.append(link);
      return item;
    }));
    if (list.length === 0) {
      const item = document.createElement("li");
      item.className = "good";
      item.textContent = alerts.dataset.allWell;
      alerts.append(item);
    }
  };

  const show = (now) => {
    const names = document.getElementById("routes").dataset.names;
    if (names !== now.routes.map((route) => route.name).join(" ")) {
      location.reload(); // a route came or went
      return;
    }
    for (const element of document.querySelectorAll("[data-live]")) {
      setText(element, now.texts[element.dataset.live]);
      const kind = now.states[element.dataset.live];
      if (kind) element.className = `pill ${kind}`;
    }
    for (const bar of document.querySelectorAll("[data-bar]")) {
      bar.setAttribute("width", now.bars[bar.dataset.bar] ?? 0);
    }
    for (const element of document.querySelectorAll("[data-spark]")) {
      setText(element, now.spark[element.dataset.spark]);
    }
    for (const shape of document.querySelectorAll("[data-line]")) {
      shape.setAttribute("points", now.spark[shape.dataset.line]);
    }
    showAlerts(now.alerts);
    if (Date.now() - spokenAt > SPOKEN_EVERY_MS) {
      spokenAt = Date.now();
      setText(summary, now.texts.summary);
    }
  };

  const stopped = () => stop.getAttribute("aria-pressed") === "true";

  const update = async () => {
    if (stopped() || document.hidden) return true;
    try {
      const answer = await fetch(line.dataset.figures, { headers: { Accept: "application/json" } });
      if (answer.status === 401) {
        setText(status, "Your session has ended. Load the page again to log in.");
        return false;
      }
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.json());
      setText(status, "live");
    } catch (error) {
      setText(status, error.message === "503" ? "Redis does not answer; trying again" : "no answer; trying again");
    }
    line.classList.toggle("fresh", status.textContent === "live");
    return true;
  };

  const loop = async () => {
    if (await update()) setTimeout(loop, EVERY_MS);
  };

  stop.hidden = false;
  stop.addEventListener("click", () => {
    const now = !stopped();
    stop.setAttribute("aria-pressed", String(now));
    setText(status, now ? "paused" : "live");
    line.classList.toggle("fresh", !now);
  });
  loop();
}
