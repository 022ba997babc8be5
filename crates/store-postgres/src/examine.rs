//! What an operator should know of the server.

use crate::options::is_open_to_others;
use crate::pool::State;
use crate::told::Stop;
use crate::tx::Tx;
use cpis_model::Timestamp;
use cpis_store::{Finding, Weight};

/// Connections beside the pool: the one that appends and the one that listens.
pub(crate) const CONNECTIONS_BESIDE: i64 = 2;
/// A transaction older than this keeps the server from cleaning up.
const OLD_TRANSACTION_S: i64 = 3600;

/// Difference of the clocks from which on there is a warning, in milliseconds.
const CLOCK_WARNING_MS: i64 = 1_000;
/// The same, for a fault.
const CLOCK_FAULT_MS: i64 = 60_000;

/// Settings, what they must be, and what to do if they are not.
const SETTINGS: &[(&str, &[&str], &str)] = &[
    ("synchronous_commit", &["on", "remote_apply"], "A commit must wait for the disk and the standby: set it to on."),
    ("fsync", &["on"], "Without it a power cut destroys the database: set it to on."),
    ("full_page_writes", &["on"], "Without it a power cut destroys the database: set it to on."),
    ("data_sync_retry", &["off"], "After a failed flush the pages may be gone: set it to off."),
];

/// Looks at settings, standbys, room and old transactions.
pub(crate) async fn examine(tx: &Tx<'_>, state: &State) -> Result<Vec<Finding>, Stop> {
    let mut findings = vec![Finding::good("PostgreSQL", setting(tx, "server_version").await?)];
    for (name, allowed, mend) in SETTINGS {
        let value = setting(tx, name).await?;
        findings.push(if allowed.contains(&value.as_str()) {
            Finding::good(*name, value)
        } else {
            Finding::bad(Weight::Fault, *name, value, *mend)
        });
    }
    let recovery = number(tx, "-- examine.recovery\nSELECT pg_is_in_recovery()::int::bigint").await?;
    findings.push(if recovery == 0 {
        Finding::good("primary", "yes")
    } else {
        Finding::bad(Weight::Fault, "primary", "no: a standby", "Point the service at the primary.")
    });
    findings.push(clock(tx).await?);
    findings.push(standbys(tx).await?);
    findings.push(connections(tx, state).await?);
    findings.push(encryption(state));
    findings.extend(rests(tx).await?);
    let bytes = number(tx, "-- examine.size\nSELECT pg_database_size(current_database())").await?;
    findings.push(Finding::good("database size", format!("{} MiB", bytes / (1024 * 1024))));
    findings.push(oldest(tx).await?);
    Ok(findings)
}

async fn setting(tx: &Tx<'_>, name: &str) -> Result<String, Stop> {
    let value = tx
        .first("-- examine.setting\nSELECT 0::bigint, current_setting($1, true)", &[&name], |row| {
            Ok(row.try_get::<_, Option<String>>(1)?)
        })
        .await?;
    Ok(value.flatten().unwrap_or_default())
}

async fn number(tx: &Tx<'_>, sql: &str) -> Result<i64, Stop> {
    Ok(tx.first(sql, &[], |row| Ok(row.try_get::<_, Option<i64>>(0)?)).await?.flatten().unwrap_or_default())
}

/// Leases and partitions go by the server's clock, entries by ours.
#[expect(clippy::disallowed_methods, reason = "the machine's clock is what is examined")]
async fn clock(tx: &Tx<'_>) -> Result<Finding, Stop> {
    let asked = Timestamp::now();
    let theirs = number(tx, "-- examine.clock\nSELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").await?;
    Ok(clocks(asked.as_millisecond(), theirs, Timestamp::now().as_millisecond()))
}

/// Of their moment we know that it lies between two of ours.
fn clocks(asked: i64, theirs: i64, answered: i64) -> Finding {
    const WHAT: &str = "database clock";
    let (off, direction) = if theirs < asked {
        (asked.saturating_sub(theirs), "behind")
    } else {
        (theirs.saturating_sub(answered), "before")
    };
    if off <= CLOCK_WARNING_MS {
        return Finding::good(WHAT, "agrees with that of this machine");
    }
    let weight = if off > CLOCK_FAULT_MS { Weight::Fault } else { Weight::Warning };
    let found = format!("{}.{} seconds {direction} that of this machine", off / 1000, off % 1000 / 100);
    Finding::bad(weight, WHAT, found, "Set the clocks of all machines by NTP.")
}

async fn standbys(tx: &Tx<'_>) -> Result<Finding, Stop> {
    const WHAT: &str = "synchronous standbys";
    if setting(tx, "synchronous_standby_names").await?.is_empty() {
        let mend = "With one server its disk is the only copy: add a standby and name it in synchronous_standby_names.";
        return Ok(Finding::bad(Weight::Warning, WHAT, "none is asked for", mend));
    }
    let states = tx
        .all("-- examine.standbys\nSELECT 0::bigint, sync_state FROM pg_stat_replication", &[], |row| {
            Ok(row.try_get::<_, Option<String>>(1)?)
        })
        .await?;
    if states.iter().any(Option::is_none) {
        let mend = "GRANT pg_monitor TO the service's role, so that it can see the standbys.";
        return Ok(Finding::bad(Weight::Warning, WHAT, "cannot be seen", mend));
    }
    let waited_for = states.iter().flatten().filter(|state| matches!(state.as_str(), "sync" | "quorum")).count();
    Ok(if waited_for > 0 {
        Finding::good(WHAT, waited_for.to_string())
    } else {
        let mend = "Bring the standby back: commits wait for it.";
        Finding::bad(Weight::Fault, WHAT, "none is connected", mend)
    })
}

async fn connections(tx: &Tx<'_>, state: &State) -> Result<Finding, Stop> {
    let allowed = number(
        tx,
        "-- examine.connections\nSELECT current_setting('max_connections')::bigint \
         - current_setting('superuser_reserved_connections')::bigint",
    )
    .await?;
    let ours =
        i64::try_from(state.connector.options.connections).unwrap_or(i64::MAX).saturating_add(CONNECTIONS_BESIDE);
    let found = format!("{ours} of a node, {allowed} of the server");
    // Three nodes, and one more while they are replaced.
    Ok(if ours.saturating_mul(4) <= allowed {
        Finding::good("connections", found)
    } else {
        let mend = "Raise max_connections, or lower the connections of a node: four nodes must fit.";
        Finding::bad(Weight::Warning, "connections", found, mend)
    })
}

fn encryption(state: &State) -> Finding {
    if state.connector.configs.iter().any(is_open_to_others) {
        let mend = "Set sslmode=require and name the file of authorities.";
        return Finding::bad(Weight::Warning, "encryption", "off, to another machine", mend);
    }
    Finding::good("encryption", "as it should be")
}

/// Whether rows lie where no partition was made for them.
async fn rests(tx: &Tx<'_>) -> Result<Vec<Finding>, Stop> {
    let mut findings = Vec::new();
    for (what, sql) in [
        ("journal_rest", "-- examine.journal_rest\nSELECT EXISTS (SELECT FROM journal_rest)::int::bigint"),
        ("leaf_rest", "-- examine.leaf_rest\nSELECT EXISTS (SELECT FROM leaf_rest)::int::bigint"),
        ("upload_body_rest", "-- examine.upload_body_rest\nSELECT EXISTS (SELECT FROM upload_body_rest)::int::bigint"),
    ] {
        findings.push(if number(tx, sql).await? == 0 {
            Finding::good(what, "empty")
        } else {
            let mend = "Nothing is lost, but partitions were not made in time: see why maintenance does not run.";
            Finding::bad(Weight::Warning, what, "holds rows", mend)
        });
    }
    Ok(findings)
}

async fn oldest(tx: &Tx<'_>) -> Result<Finding, Stop> {
    let age = number(
        tx,
        "-- examine.oldest\nSELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::bigint \
         FROM pg_stat_activity WHERE datname = current_database()",
    )
    .await?;
    Ok(if age < OLD_TRANSACTION_S {
        Finding::good("oldest transaction", format!("{age} s"))
    } else {
        let mend = "It keeps the server from cleaning up: end it, or the prepared transaction or slot behind it.";
        Finding::bad(Weight::Warning, "oldest transaction", format!("{age} s"), mend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_told_and_judged() {
        for (asked, theirs, answered, weight, found) in [
            (10_000, 10_005, 10_010, Weight::Good, "agrees with that of this machine"),
            (10_000, 9_000, 10_010, Weight::Good, "agrees with that of this machine"),
            (10_000, 11_010, 10_010, Weight::Good, "agrees with that of this machine"),
            (10_000, 14_000, 15_000, Weight::Good, "agrees with that of this machine"),
            (10_000, 8_900, 10_010, Weight::Warning, "1.1 seconds behind that of this machine"),
            (10_000, 11_260, 10_010, Weight::Warning, "1.2 seconds before that of this machine"),
            (100_000, 40_000, 100_000, Weight::Warning, "60.0 seconds behind that of this machine"),
            (100_000, 39_999, 100_000, Weight::Fault, "60.0 seconds behind that of this machine"),
            (10_000, i64::MIN, 10_000, Weight::Fault, "9223372036854775.8 seconds behind that of this machine"),
        ] {
            let finding = clocks(asked, theirs, answered);
            assert_eq!((finding.weight, finding.found.as_str()), (weight, found));
            assert_eq!(finding.mend.is_empty(), weight == Weight::Good);
        }
    }
}
