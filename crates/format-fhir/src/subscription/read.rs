//! A `Subscription` that a subscriber sends, with everything that is wrong with it.

use super::element::Element;
use super::fault::{FaultKind, Faults};
use super::node::{self, Node};
use super::{PayloadContent, REASON_CHARS_MAX, SubscriptionRequest, Topic, Wanted, endpoint, header, urls};
use cpis_model::Timestamp;

const ROOT: &str = "Subscription";

/// A whole number in an extension of the channel.
struct Range {
    url: &'static str,
    value: &'static str,
    min: u32,
    max: u32,
    default: u32,
    fault: &'static str,
}

const HEARTBEAT: Range = Range {
    url: urls::HEARTBEAT,
    value: "valueUnsignedInt",
    min: 60,
    max: 604_800,
    default: 86_400,
    fault: "Must be 60 to 604800 seconds",
};
const TIMEOUT: Range = Range {
    url: urls::TIMEOUT,
    value: "valueUnsignedInt",
    min: 1,
    max: 60,
    default: 10,
    fault: "Must be 1 to 60 seconds",
};
const MAX_COUNT: Range = Range {
    url: urls::MAX_COUNT,
    value: "valuePositiveInt",
    min: 1,
    max: 1000,
    default: 1,
    fault: "Must be 1 to 1000 events",
};

/// Reads the body of a POST or a PUT. With `plain_loopback` (tests and the demo) an endpoint may be http on this
/// machine.
///
/// ```
/// use cpis_format_fhir::subscription::parse_subscription;
/// let faults = parse_subscription(br#"{"resourceType":"Subscription","status":"active"}"#, false).unwrap_err();
/// assert_eq!(faults.list()[0].place, "Subscription.status");
/// assert_eq!(faults.list()[1].place, "Subscription.reason");
/// ```
pub fn parse_subscription(body: &[u8], plain_loopback: bool) -> Result<SubscriptionRequest, Faults> {
    let mut faults = Faults::default();
    let node = node::parse(body, ROOT, &mut faults);
    let root = node.as_ref().and_then(|node| Element::new(node, ROOT.to_owned(), &mut faults));
    match root.and_then(|root| request(&root, plain_loopback, &mut faults)) {
        Some(request) if faults.is_empty() => Ok(request),
        _ => Err(faults),
    }
}

/// Nothing only where there are faults.
fn request(root: &Element<'_>, plain_loopback: bool, faults: &mut Faults) -> Option<SubscriptionRequest> {
    if root.required_text("resourceType", faults).is_some_and(|name| name != ROOT) {
        faults.add(FaultKind::Structure, root.place_of("resourceType"), "Must be Subscription");
        return None;
    }
    let id = root.text("id", faults);
    if id.is_some_and(|id| !is_id(id)) {
        faults.add(FaultKind::Value, root.place_of("id"), "Must be 1 to 64 letters, digits, hyphens and full stops");
    }
    let wanted = wanted(root, faults);
    let reason = root.required_text("reason", faults);
    if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control)) {
        faults.add(FaultKind::Value, root.place_of("reason"), "Must be one line of at most 500 characters");
    }
    let topic = topic(root, faults);
    let end = end(root, faults);
    let channel = root.required_object("channel", faults)?;
    let extensions = channel.objects("extension", faults);
    let [heartbeat_seconds, timeout_seconds, max_count] =
        [&HEARTBEAT, &TIMEOUT, &MAX_COUNT].map(|range| whole(&extensions, range, faults));
    let kind = channel.required_text("type", faults);
    if kind.is_some_and(|kind| kind != "rest-hook") {
        faults.add(FaultKind::NotSupported, channel.place_of("type"), "Only rest-hook is offered");
    }
    let endpoint = channel.required_text("endpoint", faults);
    if let Some(Err(what)) = endpoint.map(|endpoint| endpoint::check(endpoint, plain_loopback)) {
        faults.add(FaultKind::Value, channel.place_of("endpoint"), what);
    }
    let payload = channel.required_text("payload", faults);
    if payload.is_some_and(|payload| payload != crate::CONTENT_TYPE) {
        faults.add(FaultKind::NotSupported, channel.place_of("payload"), "Only application/fhir+json is offered");
    }
    let payload_content = payload_content(&channel, faults);
    let headers = header::read(channel.list("header", faults), &channel.place_of("header"), faults);
    Some(SubscriptionRequest {
        id: id.map(str::to_owned),
        wanted: wanted?,
        reason: reason?.trim().to_owned(),
        topic: topic?,
        endpoint: endpoint?.to_owned(),
        headers,
        payload_content,
        heartbeat_seconds,
        timeout_seconds,
        max_count,
        end,
    })
}

/// The other two codes are the service's to give.
fn wanted(root: &Element<'_>, faults: &mut Faults) -> Option<Wanted> {
    match root.required_text("status", faults)? {
        "requested" => Some(Wanted::On),
        "off" => Some(Wanted::Off),
        _ => {
            faults.add(FaultKind::Value, root.place_of("status"), "Must be requested, to switch on, or off");
            None
        }
    }
}

fn topic(root: &Element<'_>, faults: &mut Faults) -> Option<Topic> {
    let criteria = root.required_text("criteria", faults);
    let topic = criteria.and_then(Topic::of);
    if criteria.is_some() && topic.is_none() {
        faults.add(FaultKind::NotSupported, root.place_of("criteria"), "Must be the canonical address of a topic");
    }
    for extension in root.extensions_of("criteria", "_criteria", faults) {
        if extension.text("url", faults) == Some(urls::FILTER) {
            let what = "Filters are not offered: the events are those of the subscriber's own records";
            faults.add(FaultKind::NotSupported, extension.place(), what);
        }
    }
    topic
}

fn end(root: &Element<'_>, faults: &mut Faults) -> Option<Timestamp> {
    let text = root.text("end", faults)?;
    let end = instant(text);
    if end.is_none() {
        let what = "Must be an instant: date, time to the second and offset";
        faults.add(FaultKind::Value, root.place_of("end"), what);
    }
    end
}

/// R4, datatypes.html: `YYYY-MM-DDThh:mm:ss.sss+zz:zz`. To the second, as it is shown.
fn instant(text: &str) -> Option<Timestamp> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let rest = shape.strip_prefix("0000-00-00T00:00:00")?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with('0') => fraction.trim_start_matches('0'),
        Some(_) => return None,
        None => rest,
    };
    if matches!(zone, "Z" | "+00:00" | "-00:00") {
        let read: Timestamp = text.parse().ok()?;
        Timestamp::from_second(read.as_second()).ok()
    } else {
        None
    }
}

/// The value of the one extension with this address, or the default.
fn whole(extensions: &[Element<'_>], range: &Range, faults: &mut Faults) -> u32 {
    let Some(extension) = one(extensions, range.url, faults) else { return range.default };
    let place = extension.place_of(range.value);
    match extension.get(range.value) {
        None => faults.add(FaultKind::Required, place, range.fault),
        Some(Node::Number(Some(number))) => match u32::try_from(*number) {
            Ok(number) if (range.min..=range.max).contains(&number) => return number,
            _ => faults.add(FaultKind::Value, place, range.fault),
        },
        Some(_) => faults.add(FaultKind::Structure, place, "Must be a whole number"),
    }
    range.default
}

fn payload_content(channel: &Element<'_>, faults: &mut Faults) -> PayloadContent {
    let extensions = channel.extensions_of("payload", "_payload", faults);
    let Some(extension) = one(&extensions, urls::PAYLOAD, faults) else { return PayloadContent::default() };
    let Some(code) = extension.required_text("valueCode", faults) else { return PayloadContent::default() };
    let content = content(code);
    content.unwrap_or_else(|(kind, what)| {
        faults.add(kind, extension.place_of("valueCode"), what);
        PayloadContent::default()
    })
}

/// The content of a code, or what is wrong with it.
pub fn content(code: &str) -> Result<PayloadContent, (FaultKind, &'static str)> {
    let full = "full-resource is not offered: personal data are fetched, never sent. Use id-only or empty";
    PayloadContent::of(code).ok_or(match code {
        "full-resource" => (FaultKind::NotSupported, full),
        _ => (FaultKind::Value, "Must be id-only or empty"),
    })
}

/// The extension with this address; a second one is a fault.
fn one<'e, 'n>(extensions: &'e [Element<'n>], url: &str, faults: &mut Faults) -> Option<&'e Element<'n>> {
    let mut same =
        extensions.iter().filter(|extension| matches!(extension.get("url"), Some(Node::Text(known)) if known == url));
    let first = same.next();
    for further in same {
        faults.add(FaultKind::Value, further.place(), "This extension must stand there once");
    }
    first
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}
