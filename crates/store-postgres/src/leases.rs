//! Leases, by the database's clock.

use crate::told::Stop;
use crate::tx::Tx;

/// Takes or renews a lease, unless another holder's has not run out.
pub(crate) async fn take(tx: &Tx<'_>, name: &str, holder: u64, ms: u32) -> Result<bool, Stop> {
    tx.begin().await?;
    let taken = tx
        .execute(
            "-- lease.take\nINSERT INTO lease (name, holder, until) \
             VALUES ($1, $2, clock_timestamp() + $3::bigint * interval '1 millisecond') ON CONFLICT (name) DO UPDATE \
             SET holder = excluded.holder, until = clock_timestamp() + $3::bigint * interval '1 millisecond' \
             WHERE lease.holder = excluded.holder OR lease.until <= clock_timestamp()",
            &[&name, &(holder as i64), &i64::from(ms)],
        )
        .await?;
    Ok(taken == 1)
}

/// Gives a lease back.
pub(crate) async fn end(tx: &Tx<'_>, name: &str, holder: u64) -> Result<(), Stop> {
    tx.begin().await?;
    tx.execute("-- lease.end\nDELETE FROM lease WHERE name = $1 AND holder = $2", &[&name, &(holder as i64)]).await?;
    Ok(())
}
