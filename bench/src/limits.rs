//! What is asked of each figure, for each kind of database.
//!
//! The floors about the bare route, uploads, room and starts are the embedded database's: one process beside its disk. A server
//! is held against `pgbench` beside it.

use crate::database::Kind;
use crate::judge::{Figure, Limit};

/// Floor and aim of a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Asked {
    /// Must hold.
    pub floor: Option<Limit>,
    /// Should hold.
    pub aim: Option<Limit>,
}

impl Asked {
    const NOTHING: Self = Self { floor: None, aim: None };

    const fn aim(aim: Limit) -> Self {
        Self { floor: None, aim: Some(aim) }
    }

    const fn floor(floor: Limit) -> Self {
        Self { floor: Some(floor), aim: None }
    }

    const fn floor_and_aim(floor: Limit, aim: Limit) -> Self {
        Self { floor: Some(floor), aim: Some(aim) }
    }

    /// The same, so much above: limits of times that come on top of what the disk takes.
    #[must_use]
    pub fn above(self, base: f64) -> Self {
        let above = |limit| match limit {
            Limit::AtLeast(least) => Limit::AtLeast(base + least),
            Limit::AtMost(most) => Limit::AtMost(base + most),
        };
        Self { floor: self.floor.map(above), aim: self.aim.map(above) }
    }
}

/// What is asked of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Hits at 64 connections over the bare route's answers.
    pub bare: Asked,
    /// The same over the best of `pgbench`.
    pub pgbench: Asked,
    /// Seconds of the hit at 64 connections that 99 % keep, beyond two flushes.
    pub p99: Asked,
    /// Seconds of the median hit of one client.
    pub single: Asked,
    /// Hits over the bare route's answers, over a long time.
    pub sustained: Asked,
    /// Bytes a look.
    pub disk: Asked,
    /// Seconds of an upload of 50,000 records.
    pub upload: Asked,
    /// Private bytes of the process.
    pub memory: Asked,
    /// Seconds of a start.
    pub start: Asked,
    /// Seconds of a start after `kill -9`.
    pub start_killed: Asked,
    /// Seconds until every authority's file with all its plans is answered.
    pub nation: Asked,
    /// Cost of a look with a hundred times the data, over that with the data.
    pub scale: Asked,
}

use Limit::{AtLeast, AtMost};

/// Whatever the database: 15 minutes must do, 5 should.
const NATION: Asked = Asked::floor_and_aim(AtMost(900.0), AtMost(300.0));

const EMBEDDED: Limits = Limits {
    bare: Asked::floor_and_aim(AtLeast(0.1), AtLeast(0.3)),
    pgbench: Asked::NOTHING,
    p99: Asked::floor_and_aim(AtMost(0.01), AtMost(0.005)),
    single: Asked::aim(AtMost(0.0004)),
    sustained: Asked::aim(AtLeast(0.12)),
    disk: Asked::aim(AtMost(700.0)),
    upload: Asked::floor_and_aim(AtMost(5.0), AtMost(2.0)),
    memory: Asked::aim(AtMost(256e6)),
    start: Asked::floor_and_aim(AtMost(1.0), AtMost(0.3)),
    start_killed: Asked::aim(AtMost(3.0)),
    nation: NATION,
    scale: Asked::floor(AtMost(1.3)),
};

const POSTGRES: Limits = Limits {
    bare: Asked::NOTHING,
    pgbench: Asked::floor_and_aim(AtLeast(1.0), AtLeast(1.5)),
    p99: Asked::aim(AtMost(0.01)),
    single: Asked::NOTHING,
    sustained: Asked::NOTHING,
    disk: Asked::NOTHING,
    upload: Asked::NOTHING,
    memory: Asked::aim(AtMost(150e6)),
    start: Asked::NOTHING,
    start_killed: Asked::NOTHING,
    nation: NATION,
    scale: Asked::floor(AtMost(1.5)),
};

/// What is asked of a run on this kind of database.
pub fn of(kind: Kind) -> Limits {
    match kind {
        Kind::Embedded => EMBEDDED,
        Kind::Postgres => POSTGRES,
    }
}

/// What the table has no room to say.
pub fn note(kind: Kind) -> &'static str {
    match kind {
        Kind::Embedded => "Embedded database.",
        Kind::Postgres => {
            "PostgreSQL on the same machine. Its floor is pgbench's best beside it; floors about the bare route, uploads, \
             room and starts are the embedded database's and are not asked here. Lost looks and faults of the log are asked of both."
        }
    }
}

impl Figure {
    /// With what is asked of it.
    #[must_use]
    pub fn asked(self, asked: Asked) -> Self {
        let figure = asked.floor.into_iter().fold(self, Self::floor);
        asked.aim.into_iter().fold(figure, Self::aim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Unit, Verdict};

    fn verdict(asked: Asked, value: f64) -> Verdict {
        Figure::new("a", value, Unit::Share).asked(asked).verdict
    }

    #[test]
    fn a_floor_of_one_kind_of_database_is_not_asked_of_the_other() {
        let (file, server) = (of(Kind::Embedded), of(Kind::Postgres));
        for (asked, value, expected) in [
            (file.bare, 0.05, Verdict::FloorMissed),
            (server.bare, 0.05, Verdict::None),
            (file.pgbench, 0.5, Verdict::None),
            (server.pgbench, 0.99, Verdict::FloorMissed),
            (server.pgbench, 1.0, Verdict::AimMissed),
            (server.pgbench, 1.5, Verdict::AimMet),
            (file.upload, 6.0, Verdict::FloorMissed),
            (server.upload, 6.0, Verdict::None),
            (file.memory, 200e6, Verdict::AimMet),
            (server.memory, 200e6, Verdict::AimMissed),
        ] {
            assert_eq!(verdict(asked, value), expected, "{asked:?} {value}");
        }
    }

    #[test]
    fn flushes_come_on_top_of_what_a_look_may_take() {
        for (kind, seconds, expected) in [
            (Kind::Embedded, 0.0069, Verdict::AimMet),
            (Kind::Embedded, 0.0119, Verdict::AimMissed),
            (Kind::Embedded, 0.0121, Verdict::FloorMissed),
            (Kind::Postgres, 0.0119, Verdict::AimMet),
            (Kind::Postgres, 0.0121, Verdict::AimMissed),
        ] {
            assert_eq!(verdict(of(kind).p99.above(0.002), seconds), expected, "{kind:?} {seconds}");
        }
        assert_eq!(Asked::NOTHING.above(1.0), Asked::NOTHING);
    }
}
