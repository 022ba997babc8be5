//! How values of the model stand in sealed JSON: digits, `yyyy-mm-dd` and milliseconds since 1970.

#![expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls these functions so")]

/// An NHS number that may be missing.
pub mod number {
    use cpis_model::nhs_number::NhsNumber;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<NhsNumber>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(NhsNumber::digits).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NhsNumber>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| text.parse().map_err(|_| D::Error::custom("no NHS number"))).transpose()
    }
}

/// NHS numbers.
pub mod numbers {
    use cpis_model::nhs_number::NhsNumber;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &[NhsNumber], to: S) -> Result<S::Ok, S::Error> {
        value.iter().map(NhsNumber::digits).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NhsNumber>, D::Error> {
        let texts: Vec<String> = Vec::deserialize(from)?;
        texts.iter().map(|text| text.parse().map_err(|_| D::Error::custom("no NHS number"))).collect()
    }
}

/// A date that may be missing.
pub mod date {
    use cpis_model::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        value.map(|date| date.to_string()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| text.parse().map_err(|_| D::Error::custom("no date"))).transpose()
    }
}

/// A time.
pub mod time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        value.as_millisecond().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(from)?).map_err(|_| D::Error::custom("no time"))
    }
}
