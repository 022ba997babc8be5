//! Why a request has no caller. Every fault of a token reads the same from outside; a fixed word for each goes to the
//! metric `cpis_tokens_refused_total`.

/// What the door does next: ask for a (better) token, or say that it cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// 401 with these diagnostics and `WWW-Authenticate: Bearer`.
    #[error("unauthorised: {0}")]
    Unauthorised(&'static str),
    /// 503: the issuer's keys cannot be had, so no token can be judged.
    #[error("the issuer's keys cannot be had")]
    Unavailable,
}

/// What exactly was wrong. Texts: spec/fhir.md 1.9 and 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    HeaderMissing,
    HeaderEmpty,
    HeaderRepeated,
    Scheme,
    TokenMissing,
    Size,
    Form,
    Header,
    Algorithm,
    Type,
    Issuer,
    Audience,
    Times,
    Expired,
    Early,
    Key,
    Signature,
    Claims,
    Assurance,
    Client,
    RolesMultiple,
    RolesNone,
    RolesInvalid,
    SelectedInvalid,
    SelectedMissing,
    SessionRole,
    Place,
    KeysAway,
}

impl Fault {
    /// The word for the metric, and the text for the caller.
    fn row(self) -> (&'static str, &'static str) {
        const INVALID: &str = "Invalid Access Token";
        match self {
            Self::HeaderMissing => ("header-missing", "Missing Authorization header"),
            Self::HeaderEmpty => ("header-empty", "Empty Authorization header"),
            Self::HeaderRepeated => ("header-repeated", INVALID),
            Self::Scheme => ("scheme", "Invalid token type, must be 'Bearer'"),
            Self::TokenMissing => ("token-missing", "Missing access token"),
            Self::Size => ("size", INVALID),
            Self::Form => ("form", INVALID),
            Self::Header => ("header", INVALID),
            Self::Algorithm => ("algorithm", INVALID),
            Self::Type => ("type", INVALID),
            Self::Issuer => ("issuer", INVALID),
            Self::Audience => ("audience", INVALID),
            Self::Times => ("times", INVALID),
            Self::Expired => ("expired", INVALID),
            Self::Early => ("early", INVALID),
            Self::Key => ("key", INVALID),
            Self::Signature => ("signature", INVALID),
            Self::Claims => ("claims", INVALID),
            Self::Assurance => ("assurance", INVALID),
            Self::Client => ("client", INVALID),
            Self::RolesMultiple => {
                ("roles-multiple", "multiple roles found in user info, please check NHSD-Session-URID")
            }
            Self::RolesNone => ("roles-none", "no userroles available, please check NHSD-Session-URID is valid"),
            Self::RolesInvalid => ("roles-invalid", "nhsid_nrbac_roles is misconfigured/invalid"),
            Self::SelectedInvalid => ("selected-invalid", "selected_roleid is misconfigured/invalid"),
            Self::SelectedMissing => ("selected-missing", "selected_roleid is missing in your token"),
            Self::SessionRole => ("session-role", "NHSD-Session-URID is invalid"),
            Self::Place => ("place", "NHSD-End-User-Organisation-ODS is invalid"),
            Self::KeysAway => ("keys-away", ""),
        }
    }

    /// The word for the metric.
    pub(crate) fn word(self) -> &'static str {
        self.row().0
    }

    /// Counts the fault and gives it the shape that the door sees.
    pub(crate) fn refuse(self) -> IdentityError {
        let (reason, text) = self.row();
        metrics::counter!("cpis_tokens_refused_total", "reason" => reason).increment(1);
        tracing::debug!(reason, "a token was refused");
        match self {
            Self::KeysAway => IdentityError::Unavailable,
            _ => IdentityError::Unauthorised(text),
        }
    }
}
