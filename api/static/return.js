// Follows one session on the page that a customer comes back to, until what it saved is known or it has expired.
"use strict";

const page = document.getElementById("session");
const FIRST_PAUSE = 500; // milliseconds; each pause is a quarter longer than the one before
const LONGEST_PAUSE = 5000;
const PATIENCE = 15 * 60 * 1000; // a forgotten tab must not ask for ever

function show(state) {
  page.dataset.state = state;
  for (const section of page.querySelectorAll("[data-for]")) section.hidden = section.dataset.for !== state;
}

function fill(session) {
  for (const field of page.querySelectorAll("[data-field]")) field.textContent = session[field.dataset.field] ?? "–";
}

// A session can be complete a moment before the method that it saved has been learned of.
function settled(session) {
  return session.status === "EXPIRED" || (session.status === "COMPLETE" && session.paymentMethod !== null);
}

async function ask() {
  const answer = await fetch("/return/status?" + new URLSearchParams({ session_id: page.dataset.sessionId }), {
    cache: "no-store",
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(10000),
  });
  if (answer.status === 404) return { status: "UNKNOWN" };
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

async function follow() {
  const end = Date.now() + PATIENCE;
  for (let pause = FIRST_PAUSE; Date.now() < end; pause = Math.min(pause * 1.25, LONGEST_PAUSE)) {
    await new Promise((resume) => setTimeout(resume, pause));
    const session = await ask().catch(() => null);
    document.getElementById("lost").hidden = session !== null;
    if (session === null) continue;
    if (session.status !== page.dataset.state) show(session.status);
    if (session.status !== "UNKNOWN") fill(session);
    if (settled(session)) return;
  }
  document.getElementById("paused").hidden = false;
}

// An unknown session is asked for too: the row that names it may be committed a moment after Stripe shows the page.
if (page.dataset.state !== "NONE") follow();
