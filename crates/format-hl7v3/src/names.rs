//! The names and numbers of the message that more than one file needs (spec/hl7v3.md 1, 5.5 and 6.11).

use cpis_model::plan::PlanKind;
use cpis_model::upload::SubjectKind;

/// Namespace of all elements but `contentId`.
pub(crate) const HL7: &str = "urn:hl7-org:v3";
/// Namespace of `contentId`.
pub(crate) const LOCALISATION: &str = "NPFIT:HL7:Localisation";
/// Namespace of SOAP 1.1.
pub(crate) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of WS-Addressing, of August 2004.
pub(crate) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// Root of `contentId`.
pub(crate) const CONTENT_ROOT: &str = "2.16.840.1.113883.2.1.3.2.4.18.16";
/// Root of an NHS number.
pub(crate) const NUMBER_ROOT: &str = "2.16.840.1.113883.2.1.4.1";
/// Root of an authority's own id.
pub(crate) const LOCAL_ROOT: &str = "2.16.840.1.113883.2.1.3.2.4.18.24";
/// Root of an ODS organisation.
pub(crate) const ORGANISATION_ROOT: &str = "2.16.840.1.113883.2.1.3.2.4.19.1";
/// Root of an ODS site.
pub(crate) const SITE_ROOT: &str = "2.16.840.1.113883.2.1.3.2.4.19.2";
/// Root of an SDS user id.
pub(crate) const USER_ROOT: &str = "1.2.826.0.1285.0.2.0.65";
/// Root of an SDS role profile id.
pub(crate) const ROLE_PROFILE_ROOT: &str = "1.2.826.0.1285.0.2.0.67";
/// Root of an ASID, the number of a system.
pub(crate) const SYSTEM_ROOT: &str = "1.2.826.0.1285.0.2.0.107";
/// Root of interaction ids.
pub(crate) const INTERACTION_ROOT: &str = "2.16.840.1.113883.2.1.3.2.4.12";
/// Code system of the reasons for which a query was not answered.
pub(crate) const REASON_SYSTEM: &str = "2.16.840.1.113883.2.1.3.2.4.17.42";
/// Code system of job roles. The profile's page gives ...17.124; its tables and every sample have this one.
pub(crate) const JOB_ROLE_SYSTEM: &str = "2.16.840.1.113883.2.1.3.2.4.17.196";
/// The element of a member of staff who asked.
pub(crate) const ASSIGNED_AUTHOR: &str = "COCT_TP145102GB01.AssignedAuthor";
/// The element of a system that asked.
pub(crate) const SYSTEM: &str = "COCT_TP145104GB01.System";
/// The element of an authority that is told.
pub(crate) const INTENDED_RECIPIENT: &str = "COCT_TP145103GB01.IntendedRecipient";
/// The element of a child.
pub(crate) const CHILD: &str = "COCT_TP145101GB01.Child";
/// The element of an unborn child, which tells of the mother.
pub(crate) const UNBORN: &str = "COCT_TP145100GB01.UnbornChild";

/// How a kind of plan is written.
pub(crate) struct Template {
    /// The kind.
    pub kind: PlanKind,
    /// Element of the plan.
    pub element: &'static str,
    /// What its `contentId` says.
    pub content: &'static str,
    /// Element of the start date, in `component`.
    pub start: &'static str,
    /// Element of the end date, in `component1`.
    pub end: &'static str,
    /// Element of the delete date, in `component2`.
    pub delete: &'static str,
}

static LOOKED_AFTER: Template = Template {
    kind: PlanKind::LookedAfter,
    element: "COCT_TP146100GB01.LACInformation",
    content: "COCT_TP146100GB01#LACInformation",
    start: "lACStartDate",
    end: "lACEndDate",
    delete: "lACDeleteDate",
};
static CHILD_PROTECTION: Template = Template {
    kind: PlanKind::ChildProtection,
    element: "COCT_TP146101GB01.CPPInformation",
    content: "COCT_TP146101GB01#CPPInformation",
    start: "cPPStartDate",
    end: "cPPEndDate",
    delete: "cPPDeleteDate",
};
static UNBORN_PLAN: Template = Template {
    kind: PlanKind::Unborn,
    element: "COCT_TP146102GB01.UCPInformation",
    content: "COCT_TP146102GB01#UCPInformation",
    start: "uCPStartDate",
    end: "uCPEndDate",
    delete: "uCPDeleteDate",
};

/// How this kind of plan is written.
pub(crate) fn template(kind: PlanKind) -> &'static Template {
    match kind {
        PlanKind::LookedAfter => &LOOKED_AFTER,
        PlanKind::ChildProtection => &CHILD_PROTECTION,
        PlanKind::Unborn => &UNBORN_PLAN,
    }
}

/// The kind of plan that an element of this name holds.
pub(crate) fn template_of(element: &str) -> Option<&'static Template> {
    [&CHILD_PROTECTION, &LOOKED_AFTER, &UNBORN_PLAN].into_iter().find(|template| template.element == element)
}

/// The element of this kind of subject.
pub(crate) fn subject_element(subject: SubjectKind) -> &'static str {
    match subject {
        SubjectKind::Child => CHILD,
        SubjectKind::Unborn => UNBORN,
    }
}

/// How a plan of this kind is written in an answer: the element, which has the same dates but no delete date.
pub(crate) fn answer_element(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::LookedAfter => "COCT_TP146103GB01.LACInformation",
        PlanKind::Unborn => "COCT_TP146104GB01.UCPInformation",
        PlanKind::ChildProtection => "COCT_TP146105GB01.CPPInformation",
    }
}

/// What the `contentId` before an element says: its name with `#` for the dot.
pub(crate) fn content_matches(content: &str, element: &str) -> bool {
    content.split_once('#') == element.split_once('.')
}
