//! Addresses of identifier and code systems (spec/fhir.md section 2), all in this one place.

pub const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
pub const ODS_ORGANISATION: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
pub const ODS_SITE: &str = "https://fhir.nhs.uk/Id/ods-site-code";
pub const ROLE_PROFILE: &str = "https://fhir.nhs.uk/Id/sds-role-profile-id";
pub const JOB_ROLE: &str = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName";
pub const SNOMED: &str = "http://snomed.info/sct";
pub const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
pub const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
pub const ERROR_CODE: &str = "https://fhir.nhs.uk/CodeSystem/England-SpineErrorOrWarningCode";
pub const RESTFUL_SECURITY: &str = "http://terminology.hl7.org/CodeSystem/restful-security-service";
