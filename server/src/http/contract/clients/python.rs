//! The client for Python (3.11 and later): the standard library alone.

use std::fmt::Write;

use serde_json::Value;

use super::model::{Api, Call, Got, Sent, choices, referred, snake};

const HEAD: &str = r#""""A client of Acuse. Generated from the description of the API: `make clients`. Do not edit."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any, Literal, Required, TypedDict, Union


class AcuseProblem(Exception):
    """Why a request was not done. `type` is stable; compare it."""

    def __init__(self, problem: dict[str, Any], retry_after_secs: int | None) -> None:
        super().__init__(f"{problem.get('type')}: {problem.get('detail')}")
        self.problem = problem
        self.type: str = problem.get("type", "")
        self.status: int = problem.get("status", 0)
        self.retry_after_secs = retry_after_secs


def _said(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Acuse:
    """Every method answers what the description says, or raises an AcuseProblem."""

    def __init__(self, base_url: str, key: str, timeout: float = 60.0) -> None:
        self._base = base_url.rstrip("/")
        self._key = key
        self._timeout = timeout

    def request(self, method: str, path: str, query: dict[str, Any] | None = None,
                headers: dict[str, str | None] | None = None, json_body: Any = None, body: bytes | None = None) -> Any:
        """A request; the open answer, once it is good. Close it, or read it in a `with`."""
        asked = urllib.parse.urlencode({k: _said(v) for k, v in (query or {}).items() if v is not None})
        sent = {k: v for k, v in (headers or {}).items() if v is not None}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        url = self._base + path + ("?" + asked if asked else "")
        request = urllib.request.Request(url, data=body, headers=sent, method=method)
        # Not for where an answer leads: a link needs no key, and may be somebody else's.
        request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            return urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                after = error.headers.get("Retry-After", "")
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"type": "urn:acuse:problem:internal", "status": error.code, "detail": text[:200].decode(errors="replace")}
            raise AcuseProblem(problem, int(after) if after.isdigit() else None) from None

    def _json(self, method: str, path: str, **rest: Any) -> Any:
        with self.request(method, path, **rest) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def follow(self, after: str, types: str | None = None) -> Iterator[Event]:
        """Every change from `after` on, for ever; keep each event's cursor once it is dealt with. What passes by itself
        (408, 429, 5xx, a connection that breaks) is tried again, ten times before it is raised."""
        failed = 0
        while True:
            try:
                page = self.list_events(after=after, wait=20, types=types)
            except (AcuseProblem, OSError, http.client.HTTPException) as error:
                failed += 1
                problem = error if isinstance(error, AcuseProblem) else None
                if failed > 10 or (problem and problem.status < 500 and problem.status not in (408, 429)):
                    raise
                time.sleep((problem and problem.retry_after_secs) or min(60, 2 ** (failed - 1)))
                continue
            failed = 0
            yield from page["data"]
            after = page["next"]
"#;

/// The type of a schema, as an annotation.
fn of(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return name.to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        let each = words.iter().map(|w| if w.is_null() { "None".to_owned() } else { w.to_string() });
        return format!("Literal[{}]", each.collect::<Vec<_>>().join(", "));
    }
    if let Some(any) = choices(schema) {
        return any_of(any.iter().map(of).collect());
    }
    match &schema["type"] {
        Value::Array(types) => any_of(
            types
                .iter()
                .map(|t| {
                    let mut one = schema.clone();
                    one["type"] = t.clone();
                    of(&one)
                })
                .collect(),
        ),
        Value::String(kind) => match kind.as_str() {
            "string" => "str".to_owned(),
            "integer" => "int".to_owned(),
            "number" => "float".to_owned(),
            "boolean" => "bool".to_owned(),
            "null" => "None".to_owned(),
            "array" => format!("list[{}]", of(&schema["items"])),
            _ => "dict[str, Any]".to_owned(),
        },
        _ => "Any".to_owned(),
    }
}

fn any_of(mut types: Vec<String>) -> String {
    // Two formats of a text are one type.
    types.dedup();
    if let [only] = &types[..] {
        return only.clone();
    }
    format!("Union[{}]", types.join(", "))
}

/// A name that is no word of the language: `from` is asked as `from_`.
fn named(name: &str) -> String {
    let name = snake(name);
    if ["from", "to", "type", "in", "is", "not"].contains(&name.as_str()) && name != "to" && name != "type" {
        format!("{name}_")
    } else {
        name
    }
}

/// What a call takes: what stands in its path and what is sent, then by their names what may be asked.
fn arguments(call: &Call) -> Vec<String> {
    let mut arguments = vec!["self".to_owned()];
    arguments.extend(call.in_path.iter().map(|name| format!("{}: str", named(name))));
    match &call.sent {
        Sent::Nothing => {}
        Sent::Json { schema, .. } => arguments.push(format!("body: {}", of(schema))),
        Sent::Text(_) => arguments.push("body: str".to_owned()),
        Sent::File => arguments.push("file: bytes, name: str, said: dict[str, str] | None = None".to_owned()),
    }
    let options: Vec<String> = call
        .query
        .iter()
        .chain(&call.headers)
        .map(|p| match p.required {
            true => format!("{}: {}", named(&p.name), of(&p.schema)),
            false => format!("{}: {} | None = None", named(&p.name), of(&p.schema)),
        })
        .collect();
    if !options.is_empty() {
        arguments.push("*".to_owned());
        arguments.extend(options);
    }
    arguments
}

fn call(out: &mut String, call: &Call) -> std::fmt::Result {
    let arguments = arguments(call);
    let answer = match &call.got {
        Got::Json(schema) if schema["properties"]["data"].is_object() => "dict[str, Any]".to_owned(),
        Got::Json(schema) => of(schema),
        Got::Bytes => "Any".to_owned(),
        Got::Nothing => "None".to_owned(),
    };
    writeln!(out, "\n    def {}({}) -> {answer}:", snake(&call.name), arguments.join(", "))?;
    writeln!(out, "        \"\"\"{}.\"\"\"", call.summary.replace('"', "'"))?;
    let path = call.in_path.iter().fold(call.path.clone(), |path, name| {
        path.replace(&format!("{{{name}}}"), &format!("{{urllib.parse.quote({}, safe='')}}", named(name)))
    });
    let mut request = vec![format!("{:?}", call.method), format!("f{path:?}")];
    let picked = |all: &[super::model::Parameter]| {
        all.iter().map(|p| format!("{:?}: {}", p.name, named(&p.name))).collect::<Vec<_>>().join(", ")
    };
    if !call.query.is_empty() {
        request.push(format!("query={{{}}}", picked(&call.query)));
    }
    let more = if call.headers.is_empty() { String::new() } else { format!(", {}", picked(&call.headers)) };
    match &call.sent {
        Sent::Json { .. } => request.push("json_body=body".to_owned()),
        Sent::Text(media) => {
            request.push(format!("headers={{\"Content-Type\": {media:?}{more}}}, body=body.encode()"));
        }
        Sent::File => {
            out.push_str(FORM);
            request.push(format!("headers={{\"Content-Type\": media{more}}}, body=form"));
        }
        Sent::Nothing => {}
    }
    if !call.headers.is_empty() && !matches!(call.sent, Sent::File | Sent::Text(_)) {
        request.push(format!("headers={{{}}}", picked(&call.headers)));
    }
    let request = request.join(", ");
    match call.got {
        Got::Json(_) => writeln!(out, "        return self._json({request})")?,
        Got::Bytes => writeln!(out, "        return self.request({request})")?,
        Got::Nothing => writeln!(out, "        self.request({request}).close()")?,
    }
    if call.is_list() {
        page_by_page(out, call)?;
    }
    Ok(())
}

/// Beside a list: the same, page after page.
fn page_by_page(out: &mut String, call: &Call) -> std::fmt::Result {
    let rest: Vec<String> = call.in_path.iter().map(|n| named(n)).collect();
    let comma = if rest.is_empty() { "" } else { ", " };
    let first: Vec<String> = call.in_path.iter().map(|n| format!(", {}: str", named(n))).collect();
    writeln!(
        out,
        "\n    def {}_all(self{}, **options: Any) -> Iterator[Any]:",
        snake(&call.name),
        first.concat()
    )?;
    writeln!(out, "        \"\"\"The same, page after page to the end.\"\"\"")?;
    writeln!(
        out,
        "        while True:\n            page = self.{}({}{comma}**options)",
        snake(&call.name),
        rest.join(", ")
    )?;
    writeln!(
        out,
        "            yield from page[\"data\"]\n            if page[\"next\"] is None:\n                return"
    )?;
    writeln!(out, "            options[\"after\"] = page[\"next\"]")
}

const FORM: &str = r#"        edge = uuid.uuid4().hex
        media = f"multipart/form-data; boundary={edge}"
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in (said or {}).items()]
        safe = name.replace('"', "_").replace("\r", "_").replace("\n", "_")
        parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
                     "Content-Type: application/octet-stream\r\n\r\n")
        form = "".join(parts).encode() + file + f"\r\n--{edge}--\r\n".encode()
"#;

fn schema(out: &mut String, name: &str, schema: &Value) -> std::fmt::Result {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    match schema["properties"].as_object() {
        Some(members) if schema["allOf"].is_null() => {
            let each = members.iter().map(|(member, schema)| {
                let kind = of(schema);
                let is_required = required.iter().any(|r| r == member.as_str());
                let kind = if is_required { format!("Required[{kind}]") } else { kind };
                format!("    {member:?}: {:?},\n", kind.replace('"', "'"))
            });
            write!(out, "\n{name} = TypedDict({name:?}, {{\n{}}}, total=False)\n", each.collect::<String>())
        }
        _ => writeln!(out, "\n{name} = {}", forward(&of(schema))),
    }
}

/// An alias may name what stands further down.
fn forward(kind: &str) -> String {
    match kind.strip_prefix("Union[").and_then(|rest| rest.strip_suffix(']')) {
        Some(rest) => {
            let each = rest.split(", ").map(|t| format!("{t:?}")).collect::<Vec<_>>();
            format!("Union[{}]", each.join(", "))
        }
        None => kind.to_owned(),
    }
}

/// The whole file.
pub(super) fn written(api: &Api) -> String {
    let mut out = HEAD.to_owned();
    for one in &api.calls {
        call(&mut out, one).unwrap();
    }
    out.push('\n');
    for (name, told) in &api.schemas {
        schema(&mut out, name, told).unwrap();
    }
    out
}
