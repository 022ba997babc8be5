//! Domain values as columns and back. What cannot be is [`Bad`].

use crate::tx::Bad;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Date, Timestamp, Uuid};
use cpis_store::{GroupId, NumberKeys};
use rusqlite::Row;

/// A date as yyyymmdd.
pub(crate) fn date(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

fn date_of(value: i64) -> Result<Date, Bad> {
    let (year, rest) = (value.div_euclid(10_000), value.rem_euclid(10_000));
    let year = i16::try_from(year).map_err(|_| Bad)?;
    Date::new(year, (rest / 100) as i8, (rest % 100) as i8).map_err(|_| Bad)
}

/// The date in a column.
pub(crate) fn get_date(row: &Row<'_>, column: usize) -> Result<Date, Bad> {
    date_of(row.get(column)?)
}

/// The date in a column, or nothing.
pub(crate) fn get_optional_date(row: &Row<'_>, column: usize) -> Result<Option<Date>, Bad> {
    row.get::<_, Option<i64>>(column)?.map(date_of).transpose()
}

/// The moment in a column.
pub(crate) fn get_time(row: &Row<'_>, column: usize) -> Result<Timestamp, Bad> {
    Timestamp::from_millisecond(row.get(column)?).map_err(|_| Bad)
}

/// The moment in a column, or nothing.
pub(crate) fn get_optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, Bad> {
    let time: Option<i64> = row.get(column)?;
    time.map(Timestamp::from_millisecond).transpose().map_err(|_| Bad)
}

/// The count, index or number in a column.
pub(crate) fn get_u64(row: &Row<'_>, column: usize) -> Result<u64, Bad> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Bad)
}

/// The small number in a column.
pub(crate) fn get_small(row: &Row<'_>, column: usize) -> Result<u8, Bad> {
    u8::try_from(row.get::<_, i64>(column)?).map_err(|_| Bad)
}

/// The person in a column.
pub(crate) fn get_person(row: &Row<'_>, column: usize) -> Result<PersonId, Bad> {
    PersonId::from_stored(row.get(column)?).ok_or(Bad)
}

/// The group in a column.
pub(crate) fn get_group(row: &Row<'_>, column: usize) -> Result<GroupId, Bad> {
    Ok(GroupId(row.get(column)?))
}

/// The identifier in a column.
pub(crate) fn get_uuid(row: &Row<'_>, column: usize) -> Result<Uuid, Bad> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

/// The authority in a column.
pub(crate) fn get_authority(row: &Row<'_>, column: usize) -> Result<AuthorityCode, Bad> {
    row.get_ref(column)?.as_str().map_err(|_| Bad)?.parse().map_err(|_| Bad)
}

/// The two digests of a number in two columns.
pub(crate) fn get_keys(row: &Row<'_>, a: usize, b: usize) -> Result<NumberKeys, Bad> {
    Ok(NumberKeys { a: row.get(a)?, b: row.get(b)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_readable_integers() {
        for (text, value) in [("2026-11-22", 20_261_122), ("0001-01-01", 10_101), ("9999-12-31", 99_991_231)] {
            let day: Date = text.parse().unwrap();
            assert_eq!(date(day), value);
            assert_eq!(date_of(value).unwrap(), day);
        }
        assert!(date_of(20_261_322).is_err() && date_of(0).is_err() && date_of(i64::MAX).is_err());
    }
}
