//! The machine API's description for people, rendered from its OpenAPI document.

use crate::frame::Frame;
use askama::Template;
use serde_json::Value;

/// References within the document are followed so often at most.
const REFERENCES_MAX: usize = 4;
/// The methods of a path, in the order in which they are shown.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The page.
#[derive(Template)]
#[template(path = "api.html")]
pub struct Api {
    /// The frame.
    pub page: Frame,
    title: String,
    description: String,
    groups: Vec<Group>,
}

/// Operations of one tag.
struct Group {
    id: String,
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    needs_token: bool,
    body: String,
    parameters: Vec<Parameter>,
    answers: Vec<Answer>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    description: String,
}

struct Answer {
    status: String,
    description: String,
    media: String,
}

impl Api {
    /// Reads an OpenAPI document. What it does not have is left out of the page.
    pub fn new(page: Frame, openapi: &str) -> Result<Self, serde_json::Error> {
        let document: Value = serde_json::from_str(openapi)?;
        let info = document.get("info").unwrap_or(&Value::Null);
        let secured = list(&document, "security").next().is_some();
        let mut groups: Vec<Group> = list(&document, "tags").map(|tag| group(tag, &[])).collect();
        for (path, item) in entries(&document, "paths") {
            for method in METHODS {
                let Some(operation) = item.get(method) else { continue };
                let tag = list(operation, "tags").find_map(Value::as_str).unwrap_or("Other");
                let read = read_operation(&document, path, method, operation, secured);
                match groups.iter_mut().find(|group| group.name == tag) {
                    Some(group) => group.operations.push(read),
                    None => groups.push(Group { operations: vec![read], ..group(&Value::from(tag), &["name"]) }),
                }
            }
        }
        groups.retain(|group| !group.operations.is_empty());
        Ok(Self { page, title: text(info, "title"), description: text(info, "description"), groups })
    }
}

fn group(tag: &Value, bare: &[&str]) -> Group {
    let name = if bare.is_empty() { text(tag, "name") } else { tag.as_str().unwrap_or_default().to_owned() };
    Group { id: id(&["group", &name]), description: text(tag, "description"), name, operations: Vec::new() }
}

fn read_operation(document: &Value, path: &str, method: &str, operation: &Value, secured: bool) -> Operation {
    let needs_token = match operation.get("security").and_then(Value::as_array) {
        Some(own) => !own.is_empty(),
        None => secured,
    };
    let parameter = |parameter: &Value| {
        let parameter = follow(document, parameter);
        Parameter {
            name: text(parameter, "name"),
            place: text(parameter, "in"),
            required: parameter.get("required").and_then(Value::as_bool) == Some(true),
            description: text(parameter, "description"),
        }
    };
    let answer = |(status, answer): (&String, &Value)| {
        let answer = follow(document, answer);
        Answer { status: status.clone(), description: text(answer, "description"), media: media(answer) }
    };
    Operation {
        id: id(&[method, path]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        needs_token,
        body: operation.get("requestBody").map(|body| media(follow(document, body))).unwrap_or_default(),
        parameters: list(operation, "parameters").map(parameter).collect(),
        answers: entries(operation, "responses").map(answer).collect(),
    }
}

/// What a `$ref` within the document stands for; the value itself where it is none.
fn follow<'document>(document: &'document Value, value: &'document Value) -> &'document Value {
    let mut value = value;
    for _ in 0..REFERENCES_MAX {
        let pointer = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        match pointer.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => value = found,
            None => break,
        }
    }
    value
}

fn media(value: &Value) -> String {
    entries(value, "content").map(|(media, _)| media.as_str()).collect::<Vec<_>>().join(", ")
}

fn id(parts: &[&str]) -> String {
    let plain = |part: &&str| part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    parts.iter().map(plain).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'value>(value: &'value Value, key: &str) -> impl Iterator<Item = &'value Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn entries<'value>(value: &'value Value, key: &str) -> impl Iterator<Item = (&'value String, &'value Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}
