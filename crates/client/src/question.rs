//! What is asked over SOAP.

use cpis_model::caller::Declared;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::{Date, Uuid};

pub use cpis_format_hl7v3::soap::{Author, Place};

/// A question about one child.
///
/// ```
/// use cpis_client::{Author, Declared, Place, Question, ResponsiblePerson};
/// let question = Question {
///     number: "9990000018".parse().unwrap(),
///     birth: Some("2017-04-04".parse().unwrap()),
///     event: cpis_model::Uuid::from_u128(7),
///     author: Author::Device {
///         asid: "999999999902".to_owned(),
///         responsible: vec![ResponsiblePerson {
///             role_code: "R0050".into(),
///             role_name: "Consultant".into(),
///             name: "Dr Noor Example".into(),
///         }],
///         place: Place { code: "RJ1".parse().unwrap(), is_site: false, name: "A trust".to_owned() },
///     },
///     declared: Declared::Unscheduled,
/// };
/// assert!(!format!("{question:?}").contains("Noor"), "nothing personal is shown");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// About whom.
    pub number: NhsNumber,
    /// The date of birth that the asking system knows, as a check: an answer about another is [`crate::Why::DetailsDiffer`].
    pub birth: Option<Date>,
    /// Id of the event. A system that the register marks as sending one id per visit gives every question of a visit the
    /// same; every other gives each event its own.
    pub event: Uuid,
    /// Who asks: a member of staff, or a system with those who answer for it.
    pub author: Author,
    /// What is said about the care: with [`Declared::Scheduled`] no authority is told.
    pub declared: Declared,
}
