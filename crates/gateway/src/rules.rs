//! What feeds and targets there are, as far as deciding and writing needs it.

use crate::owed::Window;
use cpis_format_hl7v2::Profile;
use cpis_format_hl7v2::alert::{Route, Shape, Wording};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// Everything that is decided by. Changed by a restart alone.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Feeds by name.
    pub feeds: BTreeMap<String, FeedRules>,
    /// An answer that comes this long after its question was made is late.
    pub late: SignedDuration,
    /// The answer behind a flag of a patient who is still here is asked for again after this, without telling anybody.
    pub look_again: Option<SignedDuration>,
    /// An earlier answer that information is held stands beside a visit that is not checked for so long, with its age.
    pub remember: Option<SignedDuration>,
}

/// What is decided by on a feed.
#[derive(Clone, Debug)]
pub struct FeedRules {
    /// How its messages are read.
    pub profile: Profile,
    /// Where flags of its visits are put, if anywhere.
    pub target: Option<Target>,
}

/// A hospital's system that takes flags.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name here: that of the connection.
    pub name: String,
    /// ADT^A08 or ORU^R01.
    pub shape: Shape,
    /// From whom to whom.
    pub route: Route,
    /// The texts that staff see.
    pub wording: Wording,
    /// The text instead of [`Wording::present`] where the answer came late.
    pub present_late: String,
}

impl Rules {
    /// An answer that comes after this is late, where nothing else is said.
    pub const LATE: SignedDuration = SignedDuration::from_mins(15);

    /// Which starts of visits are asked about on a feed.
    pub fn window(&self, feed: &str) -> Window {
        self.feeds.get(feed).map_or_else(Window::default, |feed| Window {
            past: SignedDuration::from_hours(feed.profile.hours_past_max),
            ahead: SignedDuration::from_hours(feed.profile.hours_ahead_max),
        })
    }
}
