//! The parameters of `$events`: which events are asked for anew. They come in the query of a GET or as `Parameters` in
//! the body of a POST.

use super::element::Element;
use super::fault::{FaultKind, Faults};
use super::node::{self, Node};
use super::{PayloadContent, read};
use crate::query::{PARAMETERS_MAX, QUERY_BYTES_MAX};
use percent_encoding::percent_decode_str;

const ROOT: &str = "Parameters";
const SINCE: &str = "eventsSinceNumber";
const UNTIL: &str = "eventsUntilNumber";
const CONTENT: &str = "content";
/// Where the query stands in an `expression`.
const QUERY: &str = "http";

/// Which events are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// From this number on.
    pub since: Option<u64>,
    /// Up to this number, itself included.
    pub until: Option<u64>,
    /// What is to be said of them; `None`: what the subscription has.
    pub content: Option<PayloadContent>,
}

/// Reads the query of a GET. Parameters that are not known are passed over.
///
/// ```
/// use cpis_format_fhir::subscription::{PayloadContent, parse_events_query};
/// let query = parse_events_query("eventsSinceNumber=3&content=empty").unwrap();
/// assert_eq!((query.since, query.until, query.content), (Some(3), None, Some(PayloadContent::Empty)));
/// ```
pub fn parse_events_query(pairs_raw: &str) -> Result<EventsQuery, Faults> {
    let mut faults = Faults::default();
    if pairs_raw.len() > QUERY_BYTES_MAX || pairs_raw.split('&').count() > PARAMETERS_MAX {
        faults.add(FaultKind::Value, QUERY, "The query is too long");
        return Err(faults);
    }
    let mut asked = Asked::default();
    for pair in pairs_raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().map(String::from);
        match (decoded(name), decoded(value)) {
            (Ok(name), Ok(value)) => {
                let known = [SINCE, UNTIL, CONTENT].into_iter().find(|known| *known == name);
                if let Some(known) = known {
                    asked.take(known, &value, format!("{QUERY}.{known}"), &mut faults);
                }
            }
            _ => faults.add(FaultKind::Structure, QUERY, "The query must be UTF-8"),
        }
    }
    asked.end(QUERY, faults)
}

/// Reads the body of a POST. Parameters that are not known are passed over.
pub fn parse_events_parameters(body: &[u8]) -> Result<EventsQuery, Faults> {
    let mut faults = Faults::default();
    let node = node::parse(body, ROOT, &mut faults);
    let Some(root) = node.as_ref().and_then(|node| Element::new(node, ROOT.to_owned(), &mut faults)) else {
        return Err(faults);
    };
    if root.required_text("resourceType", &mut faults).is_some_and(|name| name != ROOT) {
        faults.add(FaultKind::Structure, root.place_of("resourceType"), "Must be Parameters");
    }
    let mut asked = Asked::default();
    for parameter in root.objects("parameter", &mut faults) {
        let name = parameter.required_text("name", &mut faults);
        if let Some(known) = [SINCE, UNTIL, CONTENT].into_iter().find(|known| name == Some(*known)) {
            // A number of 64 bits is a text in R4; a client may have kept it a number.
            let fields = ["valueString", "valueCode", "valueInteger"];
            let Some((field, value)) =
                fields.into_iter().find_map(|field| parameter.get(field).map(|value| (field, value)))
            else {
                faults.add(FaultKind::Required, parameter.place_of("value"), "Must be there");
                continue;
            };
            let place = parameter.place_of(field);
            match value {
                Node::Text(text) => asked.take(known, text, place, &mut faults),
                Node::Number(Some(number)) => asked.take(known, &number.to_string(), place, &mut faults),
                _ => faults.add(FaultKind::Structure, place, "Must be a text"),
            }
        }
    }
    asked.end(ROOT, faults)
}

/// What was read so far, faults included.
#[derive(Default)]
struct Asked {
    names: Vec<&'static str>,
    query: EventsQuery,
}

impl Asked {
    fn take(&mut self, name: &'static str, value: &str, place: String, faults: &mut Faults) {
        if self.names.contains(&name) {
            return faults.add(FaultKind::Value, place, "This parameter must be given once");
        }
        self.names.push(name);
        match name {
            SINCE => self.query.since = number(value, place, faults),
            UNTIL => self.query.until = number(value, place, faults),
            _ => match read::content(value) {
                Ok(content) => self.query.content = Some(content),
                Err((kind, what)) => faults.add(kind, place, what),
            },
        }
    }

    fn end(self, place: &str, mut faults: Faults) -> Result<EventsQuery, Faults> {
        if let (Some(since), Some(until)) = (self.query.since, self.query.until)
            && since > until
        {
            let what = "eventsSinceNumber must not be greater than eventsUntilNumber";
            faults.add(FaultKind::Value, place, what);
        }
        if faults.is_empty() { Ok(self.query) } else { Err(faults) }
    }
}

fn number(text: &str, place: String, faults: &mut Faults) -> Option<u64> {
    let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    if number.is_none() {
        faults.add(FaultKind::Value, place, "Must be a whole number from 0");
    }
    number
}
