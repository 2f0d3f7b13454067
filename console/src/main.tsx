import "~/styles/index.css"; // first: it says in which order the layers stand
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "~/app/App";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element for the app");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
