//! The 24-hour rule and the one function, [`Accesses::fold`], by which readers and the applier derive the same lists and notices.

use crate::Timestamp;
use crate::caller::Mode;
use crate::organisation::AuthorityCode;

/// Accesses that readers see, newest first.
pub const ACCESSES_SHOWN_MAX: usize = 25;
/// Length of a window in milliseconds: 24 hours.
pub const WINDOW_MS: i64 = 24 * 3600 * 1000;
/// A clock that went back by up to this many milliseconds (5 minutes) does not open a new window.
pub const BACKWARDS_MS_MAX: i64 = 5 * 60 * 1000;

/// Stands for the author of looks at one person: a keyed digest of user and organisation, or of system, site and event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorKey(pub [u8; 16]);

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The flags, with or without the accesses.
    Flags,
    /// The list of accesses alone: a look only without an own listed look in the window.
    AccessList,
}

/// A look as the rule needs it. Frozen in the journal; nothing is read from plans later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookFact {
    /// Place of the entry in the journal.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: AuthorKey,
    /// What was read.
    pub purpose: Purpose,
    /// Listed and notified, or silent.
    pub mode: Mode,
    /// Authorities whose plans were visible; none for a miss.
    pub authorities: Vec<AuthorityCode>,
}

/// A listed look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Place of the entry in the journal.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: AuthorKey,
}

/// A notice that a look made owing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owed {
    /// The look.
    pub access: Access,
    /// Whom to tell.
    pub authority: AuthorityCode,
}

/// What is derived for one person: the accesses and the notices owed, in journal order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Listed looks, oldest first.
    pub listed: Vec<Access>,
    /// Notices owed, oldest first.
    pub owed: Vec<Owed>,
}

/// What one look added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The look is now in the list.
    pub listed: bool,
    /// The authorities that are owed a notice for it.
    pub owed: Vec<AuthorityCode>,
    /// The clock went back by more than [`BACKWARDS_MS_MAX`] since an earlier look of the same author: raise an alarm.
    pub clock_went_back: bool,
}

enum Gap {
    Within,
    Outside,
    Backwards,
}

fn gap(opened: Timestamp, at: Timestamp) -> Gap {
    match at.as_millisecond().saturating_sub(opened.as_millisecond()) {
        gap if gap < -BACKWARDS_MS_MAX => Gap::Backwards,
        gap if gap < WINDOW_MS => Gap::Within,
        _ => Gap::Outside,
    }
}

impl Accesses {
    /// Adds one look, in journal order. Silent looks and misses change nothing.
    ///
    /// Two keys are tested separately: the list by (author, person), the notice by (author, person, authority).
    pub fn fold(&mut self, look: &LookFact) -> Folded {
        let mut folded = Folded::default();
        if look.mode == Mode::Silent || look.authorities.is_empty() {
            return folded;
        }
        let mut open = |opened: Timestamp| match gap(opened, look.at) {
            Gap::Within => true,
            Gap::Outside => false,
            Gap::Backwards => {
                folded.clock_went_back = true;
                false
            }
        };
        let horizon = self.horizon();
        let own = |access: &Access| access.author == look.author && access.at.as_millisecond() >= horizon;
        // `|` and not `||`: an alarm is raised whether or not another window is open.
        let in_window = self.listed.iter().filter(|access| own(access)).fold(false, |is, access| open(access.at) | is);
        if in_window && look.purpose == Purpose::AccessList {
            return folded;
        }
        let access = Access { index: look.index, at: look.at, author: look.author };
        for &authority in &look.authorities {
            let told = self
                .owed
                .iter()
                .filter(|owed| owed.authority == authority && own(&owed.access))
                .fold(false, |is, owed| open(owed.access.at) | is);
            if !told && !folded.owed.contains(&authority) {
                folded.owed.push(authority);
            }
        }
        self.owed.extend(folded.owed.iter().map(|&authority| Owed { access, authority }));
        if !in_window {
            folded.listed = true;
            self.listed.push(access);
        }
        folded
    }

    /// The newest accesses, newest first, at most [`ACCESSES_SHOWN_MAX`].
    pub fn newest(&self) -> impl Iterator<Item = &Access> {
        self.listed.iter().rev().take(ACCESSES_SHOWN_MAX)
    }

    /// What lies before this moment is in no window any more, whatever the clock does next: a window's length and
    /// [`BACKWARDS_MS_MAX`] before the newest look in the state.
    fn horizon(&self) -> i64 {
        let listed = self.listed.iter().map(|access| access.at);
        let newest = listed.chain(self.owed.iter().map(|owed| owed.access.at)).max();
        newest.map_or(i64::MIN, |at| at.as_millisecond() - WINDOW_MS - BACKWARDS_MS_MAX)
    }

    /// Drops what no later look can need: all but the newest [`ACCESSES_SHOWN_MAX`] accesses, and what is in no window any
    /// more. Changes no later answer.
    pub fn prune(&mut self) {
        let horizon = self.horizon();
        let old = self.listed.len().saturating_sub(ACCESSES_SHOWN_MAX);
        let mut position = 0;
        self.listed.retain(|access| {
            position += 1;
            position > old || access.at.as_millisecond() >= horizon
        });
        self.owed.retain(|owed| owed.access.at.as_millisecond() >= horizon);
    }
}

#[cfg(test)]
mod tests;
