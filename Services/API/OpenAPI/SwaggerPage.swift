/// A page that shows the OpenAPI document and lets one try it. It is all ours: nothing is loaded from elsewhere, nothing
/// is inline, and what the document or an answer says is only ever set as text.
enum SwaggerPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>pgAnalytics API</title>
        <link rel="stylesheet" href="/swagger/page.css">
        <script src="/swagger/page.js" defer></script>
        </head>
        <body>
        <header><h1>pgAnalytics API</h1><p id="about"></p>
        <form id="login"><input name="username" placeholder="name" autocomplete="username" aria-label="name">
        <input name="password" type="password" placeholder="password" autocomplete="current-password" aria-label="password">
        <button>Sign in</button> <output id="who">not signed in</output></form></header>
        <main id="operations"><noscript>The page needs its script; the document is at
        <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</noscript></main>
        </body>
        </html>

        """

    static let style = """
        body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; color: #1a2330; background: #fff; }
        h1 { margin: 0; font-size: 1.4rem; }
        h2 { margin: 1.5rem 0 .5rem; font-size: 1.1rem; text-transform: capitalize; }
        header { border-bottom: 1px solid #cdd5df; padding-bottom: 1rem; }
        details { border: 1px solid #cdd5df; border-radius: .4rem; margin: .4rem 0; }
        summary { cursor: pointer; padding: .5rem .8rem; }
        .inside { padding: 0 .8rem .8rem; }
        .method { display: inline-block; min-width: 3.5rem; font-weight: 700; color: #0b5cad; }
        .path, pre, code { font-family: ui-monospace, monospace; }
        .role { float: right; color: #5a6675; font-size: .85rem; }
        table { border-collapse: collapse; width: 100%; }
        td, th { border-bottom: 1px solid #e4e9ef; padding: .3rem .5rem; text-align: left; vertical-align: top; }
        pre { background: #f4f6f9; padding: .6rem; overflow: auto; max-height: 30rem; }
        input, button { font: inherit; padding: .2rem .5rem; }
        .wrong { color: #a32020; }
        @media (prefers-color-scheme: dark) {
        body { background: #12171e; color: #dde4ec; }
        pre { background: #1b222b; }
        .method { color: #6cb2f5; }
        details, header, td, th { border-color: #36414e; }
        .role { color: #93a0af; }
        .wrong { color: #ff8a8a; }
        }

        """

    static let script = #"""
        "use strict";
        let token = null;
        const make = (tag, text, className) => {
          const element = document.createElement(tag);
          if (text !== undefined) element.textContent = text;
          if (className) element.className = className;
          return element;
        };
        const row = (cells, tag) => {
          const line = make("tr");
          for (const cell of cells) {
            const box = make(tag || "td");
            if (cell instanceof Node) box.append(cell); else box.textContent = cell;
            line.append(box);
          }
          return line;
        };
        const about = (schema) => {
          const facts = [];
          if (schema.type) facts.push(schema.type);
          if (schema.enum) facts.push(schema.enum.join(" | "));
          if (schema.minimum !== undefined) facts.push(schema.minimum + " to " + schema.maximum);
          if (schema.default !== undefined) facts.push("default " + schema.default);
          return facts.join(", ");
        };
        const shape = (schema, all, depth) => {
          if (!schema || depth > 6) return "…";
          if (schema.$ref) return shape(all[schema.$ref.split("/").pop()], all, depth);
          if (schema.anyOf) return shape(schema.anyOf[0], all, depth) + " or null";
          const types = [].concat(schema.type || "any value");
          const end = types.includes("null") ? " or null" : "";
          const pad = "  ".repeat(depth + 1);
          if (types[0] === "object" && schema.properties) {
            const lines = Object.entries(schema.properties).map(([name, inner]) =>
              pad + name + ": " + shape(inner, all, depth + 1) + (inner.description ? "   — " + inner.description : ""));
            return "{\n" + lines.join("\n") + "\n" + "  ".repeat(depth) + "}" + end;
          }
          if (types[0] === "array") return "[ " + shape(schema.items, all, depth) + " ]" + end;
          return (schema.enum ? schema.enum.filter((one) => one !== null).join(" | ") : schema.format || types[0]) + end;
        };
        const send = async (method, path, parameters, inputs, output) => {
          let url = path;
          const query = new URLSearchParams();
          for (const parameter of parameters) {
            const value = inputs.get(parameter.name).value;
            if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(value));
            else if (value !== "") query.append(parameter.name, value);
          }
          if ([...query].length) url += "?" + query;
          const headers = token ? { Authorization: "Bearer " + token } : {};
          output.textContent = method + " " + url + "\n…";
          try {
            const answer = await fetch(url, { method, headers });
            // Shown as it came: JSON.parse would round 64-bit integers.
            const body = await answer.text();
            output.textContent = method + " " + url + "\n" + answer.status + " " + answer.headers.get("content-type") + "\n\n" + body;
          } catch (error) {
            output.textContent = method + " " + url + "\n" + error;
          }
        };
        const operation = (path, method, what, all) => {
          const box = make("details");
          const head = make("summary");
          head.append(make("span", method.toUpperCase(), "method"), make("span", path, "path"), make("span", "  " + what.summary));
          head.append(make("span", what["x-role"] ? "needs " + what["x-role"] : "open", "role"));
          const inside = make("div", undefined, "inside");
          if (what.description) inside.append(make("p", what.description));
          const parameters = what.parameters || [];
          const inputs = new Map();
          if (parameters.length) {
            const table = make("table");
            table.append(row(["parameter", "value", "what"], "th"));
            for (const parameter of parameters) {
              const input = make("input");
              input.setAttribute("aria-label", parameter.name);
              input.placeholder = about(parameter.schema);
              inputs.set(parameter.name, input);
              table.append(row([parameter.name + (parameter.required ? " *" : ""), input, parameter.description]));
            }
            inside.append(table);
          }
          if (what.requestBody) {
            inside.append(make("h3", "Body"), make("pre", shape(what.requestBody.content["application/json"].schema, all, 0)));
          }
          if (method === "get") {
            const button = make("button", "Send");
            const output = make("pre", "");
            button.addEventListener("click", () => send("GET", path, parameters, inputs, output));
            inside.append(make("p"), button, output);
          }
          const table = make("table");
          table.append(row(["status", "meaning"], "th"));
          for (const [status, answer] of Object.entries(what.responses)) table.append(row([status, answer.description]));
          inside.append(table);
          const content = Object.values(what.responses["200"].content || {})[0];
          if (content && content.schema) inside.append(make("h3", "Answer"), make("pre", shape(content.schema, all, 0)));
          box.append(head, inside);
          return box;
        };
        document.getElementById("login").addEventListener("submit", async (event) => {
          event.preventDefault();
          const form = event.target;
          const who = document.getElementById("who");
          const answer = await fetch("/api/v1/auth/login", {
            method: "POST", headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ username: form.username.value, password: form.password.value }),
          });
          const body = await answer.json();
          token = answer.ok ? body.access_token : null;
          who.textContent = answer.ok ? "signed in as " + body.username + " (" + body.role + ") until " + body.expires_at : body.detail;
          who.className = answer.ok ? "" : "wrong";
          form.password.value = "";
        });
        (async () => {
          const main = document.getElementById("operations");
          try {
            const api = await (await fetch("/api/v1/openapi.json")).json();
            document.getElementById("about").textContent = api.info.version + ". " + api.info.description;
            const tags = new Map();
            for (const [path, methods] of Object.entries(api.paths)) {
              for (const [method, what] of Object.entries(methods)) {
                if (!tags.has(what.tags[0])) tags.set(what.tags[0], []);
                tags.get(what.tags[0]).push(operation(path, method, what, api.components.schemas));
              }
            }
            main.replaceChildren();
            for (const [tag, boxes] of tags) main.append(make("h2", tag), ...boxes);
          } catch (error) {
            main.replaceChildren(make("p", "The document could not be read: " + error, "wrong"));
          }
        })();

        """#
}
