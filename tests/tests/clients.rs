//! The generated clients, run against a server: with a sandbox key, whose answers are known, and with a real one.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use acuse_tests::{cache, skip_or_fail, stack::Api};

use crate::{
    withheld::{bill, read, sent},
    world::{ALL, Alone},
};

const PYTHON: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
from acuse import Acuse, AcuseProblem
base, sandbox, real = sys.argv[2:5]

box = Acuse(base, sandbox)
known = {d["id"]: d for d in box.list_documents_all()}
first = box.get_document("00000000-0000-7000-8000-000000000001")
assert first["fields"]["total"]["value"] == "121.00" and first["id"] in known, first
assert [d["kind"] for d in box.list_documents(kind="receipt")["data"]] == ["receipt"]
try:
    box.get_document("00000000-0000-7000-8000-0000000000ff")
    raise SystemExit("no problem")
except AcuseProblem as problem:
    assert problem.type == "urn:acuse:problem:not_found" and problem.status == 404, problem
try:
    box.request("GET", "/v1/events", headers={"Acuse-Sandbox-Problem": "rate_limited"})
    raise SystemExit("no problem")
except AcuseProblem as problem:
    assert problem.type == "urn:acuse:problem:rate_limited" and problem.retry_after_secs == 2, problem

acuse = Acuse(base, real)
sent = acuse.send_document(b"%PDF-1.4 " + b"x" * 100, "a.pdf", {"caption": "hola"}, idempotency_key="py-1")
again = acuse.send_document(b"%PDF-1.4 " + b"x" * 100, "a.pdf", {"caption": "hola"}, idempotency_key="py-1")
assert sent["id"] == again["id"] and acuse.get_document(sent["id"])["caption"] == "hola"
ana = acuse.put_customer("PY-1", {"name": "Ana"})
assert acuse.get_customer(ana["id"])["external_id"] == "PY-1"
assert len(list(acuse.list_documents_all(limit=1))) >= 2
with acuse.export_books(from_="2020-01-01", to="2030-01-01", format="jsonl") as lines:
    assert b"totals" in lines.read()
head = acuse.list_events(after="head")["next"]
acuse.change_customer(ana["id"], {"emails": ["a@x.com"]})
assert next(acuse.follow(head))["customer_id"] == ana["id"]

# What passes by itself ends nobody's following; what does not is raised.
asked, passes = acuse.request, [ConnectionResetError(), AcuseProblem({"status": 503}, 1)]
def shaky(*what, **how):
    if passes:
        raise passes.pop()
    return asked(*what, **how)
acuse.request = shaky
assert next(acuse.follow(head))["customer_id"] == ana["id"] and not passes
acuse.request = asked
try:
    next(acuse.follow("0.1"))
    raise SystemExit("no problem")
except AcuseProblem as problem:
    assert problem.status == 410, problem

table = "to,template,idempotency_key\nnobody,acuse_news,py-1\n"
assert acuse.create_notices(table)["refused"][0]["line"] == 2

# A key goes to Acuse alone, not to where an answer leads.
import http.server, threading
seen = []
class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(307 if self.path == "/from" else 200)
        self.send_header("Location", "/to")
        self.end_headers()
    def log_message(self, *_):
        pass
there = http.server.HTTPServer(("127.0.0.1", 0), Elsewhere)
threading.Thread(target=there.serve_forever, daemon=True).start()
Acuse(f"http://127.0.0.1:{there.server_port}", "acuse_key").request("GET", "/from").close()
assert seen == [("/from", "Bearer acuse_key"), ("/to", None)], seen
print("python is good")
"#;

const TYPESCRIPT: &str = r#"
import { Acuse, AcuseProblem, type Document, type InvoiceFields } from "./acuse.js";
declare const process: { argv: string[] };
function must(good: boolean, what: unknown): asserts good { if (!good) throw new Error(JSON.stringify(what)); }
const [baseUrl, sandbox, real] = process.argv.slice(2) as [string, string, string];

const box = new Acuse({ baseUrl, key: sandbox });
const all: Document[] = [];
for await (const document of box.listDocumentsAll()) all.push(document);
const first = await box.getDocument("00000000-0000-7000-8000-000000000001");
const fields = first.fields as InvoiceFields;
must(fields.total?.value === "121.00" && all.some((d) => d.id === first.id), first);
try {
  await box.getDocument("00000000-0000-7000-8000-0000000000ff");
  must(false, "no problem");
} catch (error) {
  must(error instanceof AcuseProblem && error.problem.type === "urn:acuse:problem:not_found", error);
}
const acuse = new Acuse({ baseUrl, key: real });
const sent = await acuse.sendDocument(new Blob(["%PDF-1.4 ts"]), "b.pdf", { caption: "hola" }, { "Idempotency-Key": "ts-1" });
must((await acuse.getDocument(sent.id)).caption === "hola", sent);
const eva = await acuse.putCustomer("TS-1", { name: "Eva" });
const books = await acuse.exportBooks({ from: "2020-01-01", to: "2030-01-01", format: "jsonl" });
must((await books.text()).includes("totals"), "totals");
const head = await acuse.listEvents({ after: "head" });
await acuse.changeCustomer(eva.id, { emails: ["e@x.com"] });
for await (const event of acuse.follow(head.next)) { must(event.customer_id === eva.id, event); break; }
let passes = 2;
const fails = async (...asked: Parameters<typeof fetch>) => {
  if (passes-- > 0) throw new TypeError("reset");
  return fetch(...asked);
};
const shaky = new Acuse({ baseUrl, key: real, fetch: fails });
for await (const event of shaky.follow(head.next)) { must(event.customer_id === eva.id, event); break; }
const table = await acuse.createNotices("to,template,idempotency_key\nnobody,acuse_news,ts-1\n");
must(table.refused?.[0]?.line === 2, table);
console.log("typescript is good");
"#;

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients")
}

fn run(command: &mut Command, says: &str) {
    let done = command.output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && told.contains(says), "{told}");
}

fn python(folder: &Path, keys: [&str; 3]) {
    let script = folder.join("use.py");
    std::fs::write(&script, PYTHON).unwrap();
    match Command::new("python3").arg("--version").output() {
        Ok(_) => {
            let mut command = Command::new("python3");
            run(command.arg(&script).arg(clients().join("python")).args(keys), "python is good");
        }
        Err(why) => skip_or_fail("python3", &why.to_string()),
    }
}

fn typescript(folder: &Path, keys: [&str; 3]) {
    let tsc = cache().join("typescript/node_modules/typescript/bin/tsc");
    if !tsc.exists() || Command::new("node").arg("--version").output().is_err() {
        return skip_or_fail("node with TypeScript", &format!("{} is missing", tsc.display()));
    }
    std::fs::copy(clients().join("typescript/acuse.ts"), folder.join("acuse.ts")).unwrap();
    std::fs::write(folder.join("use.ts"), TYPESCRIPT).unwrap();
    std::fs::write(folder.join("package.json"), "{\"type\":\"module\"}").unwrap();
    let mut compile = Command::new("node");
    compile.current_dir(folder).arg(tsc).args([
        "--strict",
        "--noUncheckedIndexedAccess",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2022,dom,dom.iterable",
        "acuse.ts",
        "use.ts",
    ]);
    let compiled = compile.output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
    run(Command::new("node").current_dir(folder).arg("use.js").args(keys), "typescript is good");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_do_their_jobs() {
    let Alone { place, catalog, folder, .. } = Alone::on_sqlite().await;
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let open = sent(&api, "open").await;
    read(&catalog, open, &bill(1)).await;
    let sandbox = Api::connect(&place, &["sandbox"]).await.unwrap();
    assert!(sandbox.key().starts_with("acuse_sandbox_"));
    let base = format!("http://127.0.0.1:{}", place.port);
    let (path, keys) = (folder.path().to_owned(), [base, sandbox.key().to_owned(), api.key().to_owned()]);
    tokio::task::spawn_blocking(move || {
        let keys = [keys[0].as_str(), keys[1].as_str(), keys[2].as_str()];
        python(&path, keys);
        typescript(&path, keys);
    })
    .await
    .unwrap();
}
