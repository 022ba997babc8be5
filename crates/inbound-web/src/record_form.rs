//! A record of the register in a form and back: what its fields show, what somebody entered as the JSON that the one reader of
//! records takes, and that reader's faults at their fields.

use crate::form::{Choice, EnteredDate, Faults};
use crate::lines;
use crate::record_fields::{CODE, Field, Group, Place, Shape, fields, groups, id, is_needed, place, said, setting};
use cpis_model::organisation_json::{ITEMS_MAX, RecordError, VERSION};
use cpis_model::organisation_record::{ContactKind, Record, RecordKind};
use cpis_model::register::Register;
use cpis_model::setting::Setting;
use serde_json::{Map, Value, json};

/// A part of a form.
#[derive(Clone)]
pub enum Part {
    /// One field.
    Field(Shown),
    /// Fields that belong together.
    Group {
        /// Their legend.
        legend: String,
        /// The fields.
        fields: Vec<Shown>,
    },
}

/// A field with what stands in it.
#[derive(Clone)]
pub struct Shown {
    /// Its id and name.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What to enter; may be empty.
    pub hint: String,
    /// How it is entered.
    pub shape: Shape,
    /// Its value.
    pub value: String,
    /// The same in three boxes.
    pub date: EnteredDate,
}

impl Part {
    /// Its fields.
    pub fn fields(&self) -> &[Shown] {
        match self {
            Self::Field(field) => std::slice::from_ref(field),
            Self::Group { fields, .. } => fields,
        }
    }
}

impl Shown {
    /// What the names of its three boxes begin with.
    pub fn prefix(&self) -> String {
        format!("{}_", self.id)
    }

    /// What may be chosen.
    pub fn choices(&self) -> Vec<Choice> {
        let none = self.value.is_empty().then(|| Choice::new("", "Choose")).into_iter();
        match self.shape {
            Shape::Contact => {
                none.chain(ContactKind::ALL.map(|kind| Choice::new(kind.code(), lines::whom(kind)))).collect()
            }
            _ => none.chain(Setting::all().map(|one| Choice::new(one.code(), setting(one)))).collect(),
        }
    }
}

/// The parts of a form, with the values of a record's JSON. A new record has a field for its code.
pub fn parts(kind: RecordKind, object: &Map<String, Value>, is_new: bool) -> Vec<Part> {
    let single = |field: &Field| {
        let mut shown = shown(field, None, value_at(object, field.path));
        if !is_needed(field) {
            shown.label.push_str(" (optional)");
        }
        Part::Field(shown)
    };
    let mut parts: Vec<Part> = is_new.then(|| single(&CODE)).into_iter().collect();
    parts.extend(fields(kind).iter().map(single));
    for group in groups(kind) {
        let items = items(object, group);
        let rows = items.iter().map(Some).chain(std::iter::repeat_n(None, group.empty));
        for (n, item) in rows.enumerate() {
            let optional = if item.is_none() { " (optional)" } else { "" };
            let value = |field: &Field| item.and_then(Value::as_object).and_then(|item| value_at(item, field.path));
            parts.push(Part::Group {
                legend: format!("{} {}{optional}", group.label, n + 1),
                fields: group.fields.iter().map(|field| shown(field, Some((group, n)), value(field))).collect(),
            });
        }
    }
    parts
}

fn items<'a>(object: &'a Map<String, Value>, group: &Group) -> &'a [Value] {
    object.get(group.path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The value of a path such as `lead.phone`.
fn value_at<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        Some((outer, inner)) => object.get(outer)?.get(inner),
        None => object.get(path),
    }
}

fn shown(field: &Field, group: Option<(&Group, usize)>, value: Option<&Value>) -> Shown {
    let value = value.map(text).unwrap_or_default();
    let date = if field.shape == Shape::Day { boxes(&value) } else { EnteredDate::default() };
    let (label, hint) = (field.label.to_owned(), field.hint.to_owned());
    Shown { id: id(field, group), label, hint, shape: field.shape, value, date }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

fn boxes(day: &str) -> EnteredDate {
    let mut parts = day.splitn(3, '-');
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day) = (next(), next(), next());
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    EnteredDate { day: bare(day), month: bare(month), year: year.to_owned() }
}

/// A record's JSON as somebody entered it. Fields that were left empty are left out.
pub fn entered<'a>(kind: RecordKind, get: impl Fn(&str) -> &'a str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("version".to_owned(), VERSION.into());
    object.insert("kind".to_owned(), kind.code().into());
    for field in std::iter::once(&CODE).chain(fields(kind)) {
        if let Some(value) = value(field.shape, &id(field, None), &get) {
            put(&mut object, field.path, value);
        }
    }
    for group in groups(kind) {
        // One more than there may be, so that too many are told.
        let rows = (0..=ITEMS_MAX + group.empty).filter_map(|n| {
            let mut row = Map::new();
            let mut is_empty = true;
            for field in group.fields {
                let Some(value) = value(field.shape, &id(field, Some((group, n))), &get) else { continue };
                is_empty &= field.shape == Shape::Contact;
                put(&mut row, field.path, value);
            }
            (!is_empty).then_some(Value::Object(row))
        });
        let rows: Vec<Value> = rows.collect();
        if !rows.is_empty() {
            object.insert(group.path.to_owned(), rows.into());
        }
    }
    object
}

/// What stands in a field; none where nothing does.
fn value<'a>(shape: Shape, id: &str, get: &impl Fn(&str) -> &'a str) -> Option<Value> {
    let entered = get(id).trim();
    match shape {
        Shape::Day => {
            let part = |name: &str| get(&format!("{id}_{name}")).trim().replace('-', "");
            let (day, month, year) = (part("day"), part("month"), part("year"));
            let is_empty = day.is_empty() && month.is_empty() && year.is_empty();
            (!is_empty).then(|| format!("{year}-{month:0>2}-{day:0>2}").into())
        }
        Shape::Lines => {
            let lines: Vec<&str> = entered.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            (!lines.is_empty()).then(|| lines.into())
        }
        Shape::Yes => Some((entered == "yes").into()),
        _ => (!entered.is_empty()).then(|| entered.into()),
    }
}

fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((outer, inner)) => {
            if let Value::Object(outer) = object.entry(outer).or_insert_with(|| json!({})) {
                outer.insert(inner.to_owned(), value);
            }
        }
        None => drop(object.insert(path.to_owned(), value)),
    }
}

/// The faults of what was entered, each at its field, the first of each, in the order of the form.
pub fn faults(kind: RecordKind, error: &RecordError, form: &[Part]) -> Faults {
    let RecordError::Faults(found) = error else { return Faults::default().with("name", error.to_string()) };
    let mut faults = Faults::default();
    for fault in found {
        let place = place(kind, &fault.field);
        let id = place.as_ref().map_or_else(|| fault.field.clone(), Place::id);
        let label = place.map_or_else(|| fault.field.clone(), |place| place.label());
        if faults.of(&id).is_empty() {
            faults = faults.with(id, format!("{label}: {}", fault.what));
        }
    }
    let place = |id: &str| form.iter().flat_map(Part::fields).position(|field| field.id == id).unwrap_or(usize::MAX);
    faults.0.sort_by_key(|fault| place(&fault.field));
    faults
}

/// A record as labels and values, in the order of its form.
pub fn rows(record: &Record, register: &Register) -> Vec<(String, String)> {
    let Value::Object(object) = record.json() else { return Vec::new() };
    let kind = record.kind();
    let say = |field: &Field, value: Option<&Value>| {
        value.map(|value| said(field.shape, &text(value), register)).unwrap_or_default()
    };
    let single = |field: &Field| (field.label.to_owned(), say(field, value_at(&object, field.path)));
    // The name is the page's heading.
    let mut rows: Vec<_> = fields(kind).iter().filter(|field| field.path != "name").map(single).collect();
    for group in groups(kind) {
        let items = items(&object, group);
        for (n, item) in items.iter().filter_map(Value::as_object).enumerate() {
            let parts = group.fields.iter().filter_map(|field| {
                let said = say(field, Some(value_at(item, field.path)?));
                Some(if field.shape == Shape::Day { format!("{}: {said}", field.label) } else { said })
            });
            rows.push((format!("{} {}", group.label, n + 1), parts.collect::<Vec<_>>().join("\n")));
        }
        if items.is_empty() {
            rows.push((group.label.to_owned(), String::new()));
        }
    }
    rows
}

#[cfg(test)]
mod tests;
