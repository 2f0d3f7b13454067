import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const source = fileURLToPath(new URL("./src", import.meta.url));
const output = fileURLToPath(new URL("../src/ostinato/console/static", import.meta.url));

// The page of a browser that a person has open all night: what is loaded first is small, and the libraries for graphs
// and charts come with the pages that draw them (every page is an import of its own, see app/routes.tsx).
export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": source } },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "baseline-widely-available",
    assetsInlineLimit: 0, // the content security policy allows no script or font inside a page
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licenses.md" }, // of whatever is bundled: it travels with the package
  },
  server: { proxy: { "/api": process.env["OSTINATO_API"] ?? "http://127.0.0.1:8642" } },
});
