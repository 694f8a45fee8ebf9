//! The client for TypeScript: no dependency, `fetch` alone.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::model::{Api, Call, Got, Sent, choices, referred};

const HEAD: &str = r#"// Generated from the description of the API: `make clients`. Do not edit.

/** Why a request was not done. `type` is stable; compare it. */
export class AcuseProblem extends Error {
  constructor(readonly problem: Problem, readonly retryAfterSecs: number | null) {
    super(`${problem.type}: ${problem.detail}`);
  }
}

export interface Options { baseUrl: string; key: string; fetch?: typeof fetch }

type Query = Record<string, string | number | boolean | undefined>;
interface Request { query?: Query; headers?: Record<string, string | undefined>; json?: unknown; text?: string; form?: FormData }

/** A client of Acuse. Every method answers what the description says, or throws an AcuseProblem. */
export class Acuse {
  private readonly base: string;
  private readonly fetcher: typeof fetch;
  constructor(private readonly options: Options) {
    this.base = options.baseUrl.replace(/\/+$/, "");
    this.fetcher = options.fetch ?? fetch;
  }

  /** A request; the answer as it is, once it is good. */
  async request(method: string, path: string, r: Request = {}): Promise<Response> {
    const url = new URL(this.base + path);
    for (const [name, value] of Object.entries(r.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { authorization: `Bearer ${this.options.key}` };
    for (const [name, value] of Object.entries(r.headers ?? {})) if (value !== undefined) headers[name] = value;
    if (r.json !== undefined) headers["content-type"] = "application/json";
    const body = r.form ?? r.text ?? (r.json === undefined ? undefined : JSON.stringify(r.json));
    const answer = await this.fetcher(url, { method, headers, ...(body === undefined ? {} : { body }) });
    if (answer.ok) return answer;
    const after = Number(answer.headers.get("retry-after") ?? "");
    const text = await answer.text();
    let problem: Problem;
    try { problem = JSON.parse(text) as Problem; } catch {
      problem = { type: "urn:acuse:problem:internal", title: "Not from Acuse", status: answer.status, detail: text.slice(0, 200), help: "" };
    }
    throw new AcuseProblem(problem, after > 0 ? after : null);
  }
"#;

fn union(items: &[Value]) -> String {
    let mut all: Vec<String> = items.iter().map(of).collect();
    // Two formats of a text are one type.
    all.dedup();
    all.join(" | ")
}

fn object(schema: &Value) -> String {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    match (schema["properties"].as_object(), &schema["additionalProperties"]) {
        (Some(members), _) => {
            let each = members.iter().map(|(name, schema)| {
                let mark = if required.iter().any(|r| r == name.as_str()) { "" } else { "?" };
                format!("{name:?}{mark}: {}", of(schema))
            });
            format!("{{ {} }}", each.collect::<Vec<_>>().join("; "))
        }
        (None, values @ Value::Object(_)) => format!("Record<string, {}>", of(values)),
        _ => "Record<string, unknown>".to_owned(),
    }
}

/// The type of a schema.
fn of(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return name.to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().map(of).collect::<Vec<_>>().join(" & ");
    }
    if let Some(any) = choices(schema) {
        return format!("({})", union(&any));
    }
    match &schema["type"] {
        Value::Array(types) => types
            .iter()
            .map(|t| {
                let mut one = schema.clone();
                one["type"] = t.clone();
                of(&one)
            })
            .collect::<Vec<_>>()
            .join(" | "),
        Value::String(kind) => match kind.as_str() {
            "string" => "string".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "boolean".to_owned(),
            "null" => "null".to_owned(),
            "array" => format!("Array<{}>", of(&schema["items"])),
            _ => object(schema),
        },
        _ if schema["properties"].is_object() => object(schema),
        _ => "unknown".to_owned(),
    }
}

/// What a call takes: what stands in its path and what is sent, then what may be asked.
fn arguments(call: &Call) -> Vec<String> {
    let mut arguments: Vec<String> = call.in_path.iter().map(|name| format!("{name}: string")).collect();
    match &call.sent {
        Sent::Nothing => {}
        Sent::Json { schema, required } => {
            arguments.push(format!("body{}: {}", if *required { "" } else { "?" }, of(schema)));
        }
        Sent::Text(_) => arguments.push("body: string".to_owned()),
        Sent::File => arguments.push(
            "file: Blob, name: string, said: { sender?: string; customer_id?: string; caption?: string } = {}".to_owned(),
        ),
    }
    let options: Vec<String> = call
        .query
        .iter()
        .chain(&call.headers)
        .map(|p| format!("{:?}{}: {}", p.name, if p.required { "" } else { "?" }, of(&p.schema)))
        .collect();
    let needed = call.query.iter().chain(&call.headers).any(|p| p.required);
    if !options.is_empty() {
        arguments.push(format!("options: {{ {} }}{}", options.join("; "), if needed { "" } else { " = {}" }));
    }
    arguments
}

fn call(out: &mut String, call: &Call) -> std::fmt::Result {
    let arguments = arguments(call);
    let answer = match &call.got {
        Got::Json(schema) => of(schema),
        Got::Bytes => "Response".to_owned(),
        Got::Nothing => "void".to_owned(),
    };
    writeln!(out, "\n  /** {}. */", call.summary)?;
    writeln!(out, "  async {}({}): Promise<{answer}> {{", call.name, arguments.join(", "))?;
    let path = call.in_path.iter().fold(call.path.clone(), |path, name| {
        path.replace(&format!("{{{name}}}"), &format!("${{encodeURIComponent({name})}}"))
    });
    let mut request = Vec::new();
    let picked = |names: Vec<&str>| {
        names.iter().map(|n| format!("{n:?}: options[{n:?}]")).collect::<Vec<_>>().join(", ")
    };
    if !call.query.is_empty() {
        request
            .push(format!("query: {{ {} }}", picked(call.query.iter().map(|p| p.name.as_str()).collect())));
    }
    let mut headers = picked(call.headers.iter().map(|p| p.name.as_str()).collect());
    if let Sent::Text(media) = &call.sent {
        let more = if headers.is_empty() { String::new() } else { format!(", {headers}") };
        headers = format!("\"content-type\": {media:?}{more}");
    }
    if !headers.is_empty() {
        request.push(format!("headers: {{ {headers} }}"));
    }
    match call.sent {
        Sent::Json { .. } => request.push("json: body".to_owned()),
        Sent::Text(_) => request.push("text: body".to_owned()),
        Sent::File => {
            writeln!(out, "    const form = new FormData();")?;
            writeln!(
                out,
                "    for (const [part, text] of Object.entries(said)) if (text !== undefined) form.set(part, text);"
            )?;
            writeln!(out, "    form.set(\"file\", file, name);")?;
            request.push("form".to_owned());
        }
        Sent::Nothing => {}
    }
    let asked = format!("this.request({:?}, `{path}`, {{ {} }})", call.method, request.join(", "));
    match call.got {
        Got::Json(_) => writeln!(out, "    return (await {asked}).json() as Promise<{answer}>;")?,
        Got::Bytes => writeln!(out, "    return {asked};")?,
        Got::Nothing => writeln!(out, "    await {asked};")?,
    }
    writeln!(out, "  }}")?;
    if call.is_list() {
        page_by_page(out, call, &arguments, &answer)?;
    }
    Ok(())
}

/// Beside a list: the same, page after page.
fn page_by_page(out: &mut String, call: &Call, arguments: &[String], answer: &str) -> std::fmt::Result {
    let rest = call.in_path.iter().map(|n| format!("{n}, ")).collect::<String>();
    writeln!(out, "\n  /** The same, page after page to the end. */")?;
    writeln!(
        out,
        "  async *{}All({}): AsyncGenerator<({answer})[\"data\"][number]> {{",
        call.name,
        arguments.join(", ")
    )?;
    writeln!(out, "    for (let after = options.after; ;) {{")?;
    writeln!(
        out,
        "      const page = await this.{}({rest}{{ ...options, ...(after === undefined ? {{}} : {{ after }}) }});",
        call.name
    )?;
    writeln!(
        out,
        "      yield* page.data;\n      if (page.next === null) return;\n      after = page.next;\n    }}\n  }}"
    )
}

/// The whole file.
pub(super) fn written(api: &Api) -> String {
    let mut out = HEAD.to_owned();
    for one in &api.calls {
        call(&mut out, one).unwrap();
    }
    out.push_str(FOLLOW);
    out.push_str("}\n");
    for (name, schema) in &api.schemas {
        let says = schema["description"].as_str().unwrap_or_default().replace("*/", "");
        if !says.is_empty() {
            writeln!(out, "\n/** {says} */").unwrap();
        }
        writeln!(out, "export type {name} = {};", of(schema)).unwrap();
    }
    out
}

const FOLLOW: &str = r#"
  /**
   * Every change from `after` on, for ever; keep each event's cursor once it is dealt with. What passes by itself (408,
   * 429, 5xx, a connection that breaks) is tried again, ten times before it is thrown.
   */
  async *follow(after: string, types?: string): AsyncGenerator<Event> {
    for (let failed = 0; ;) {
      let page: Awaited<ReturnType<Acuse["listEvents"]>>;
      try {
        page = await this.listEvents({ after, wait: 20, ...(types === undefined ? {} : { types }) });
      } catch (error) {
        const problem = error instanceof AcuseProblem ? error : null;
        const status = problem?.problem.status ?? 500;
        failed += 1;
        if (failed > 10 || (status < 500 && ![408, 429].includes(status))) throw error;
        const secs = problem?.retryAfterSecs ?? Math.min(60, 2 ** (failed - 1));
        await new Promise((done) => setTimeout(done, secs * 1000));
        continue;
      }
      failed = 0;
      yield* page.data;
      after = page.next;
    }
  }
"#;

#[test]
fn types_are_read_off_schemas() {
    let schema = serde_json::json!({ "type": ["string", "null"] });
    assert_eq!(of(&schema), "string | null");
    let map: Map<String, Value> = Map::new();
    assert_eq!(of(&Value::Object(map)), "unknown");
}
