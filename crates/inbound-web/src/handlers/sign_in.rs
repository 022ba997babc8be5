//! Signing in and out, choosing role and place, beginning a shift.

use crate::accounts;
use crate::door::{Answer, Stop, Visit, place_of, rendered, role_of, to, with_cookie};
use crate::form::{Choice, Faults};
use crate::frame::Section;
use crate::guard;
use crate::kept::{self, Kept, Placed};
use crate::paths;
use crate::view::message::What;
use crate::view::sign_in::{self as view, BreakGlass, ChooseRole, OPENS_NOTHING, Shift, SignIn};
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cpis_app::sessions::{self, Owner};
use cpis_identity::{Callback, ReturnPath, SignInError, SignedIn};
use cpis_model::caller::{Action, Caller, Decision, Declared, Mode, Subject, may};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// To where a person begins, or to sign-in.
pub(super) fn home(visit: &Visit<'_>) -> Answer {
    if visit.found.is_none() {
        return Err(Stop::To(paths::SIGN_IN.to_owned()));
    }
    let first = visit.caller.as_deref().and_then(first_page).unwrap_or(paths::ROLE);
    Err(Stop::To(first.to_owned()))
}

/// Where somebody begins in this role; nowhere where it opens no page.
fn first_page(caller: &Caller) -> Option<&'static str> {
    let rights = caller.rights;
    if rights.view || rights.view_silently {
        Some(paths::FIND)
    } else if rights.authority.is_some() {
        Some(paths::NOTICES)
    } else if rights.operator {
        Some(paths::REGISTER)
    } else {
        None
    }
}

pub(super) async fn form(visit: &mut Visit<'_>) -> Answer {
    sign_in_page(visit, StatusCode::OK, Faults::default()).await
}

/// The list of issuers. Its form leads to their origins, so the page's policy names them.
async fn sign_in_page(visit: &mut Visit<'_>, status: StatusCode, faults: Faults) -> Answer {
    let mut origins = Vec::new();
    for one in visit.web().sign_ins.all() {
        origins.extend(one.origins(visit.now).await);
    }
    visit.csp_origins = origins;
    let issuers = visit.web().sign_ins.all().iter().map(|one| Choice::new(one.issuer(), one.label())).collect();
    let to = visit.field("to").parse().unwrap_or_else(|_| ReturnPath::home()).to_string();
    let page =
        SignIn { page: visit.frame(Section::Elsewhere), issuers, to, break_glass: visit.web().break_glass, faults };
    rendered(status, &page)
}

/// Sends the browser to the issuer that was chosen.
pub(super) async fn go(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    let Some(one) = web.sign_ins.of(visit.field("issuer")) else { return Err(Stop::Say(What::NotFound)) };
    let mut entropy = [[0; 32]; 3];
    for bytes in &mut entropy {
        web.service.keys.entropy.fill(bytes);
    }
    let back = visit.field("to").parse().unwrap_or_else(|_| ReturnPath::home());
    match one.begin(&entropy, back, visit.now).await {
        Ok(begun) => Ok(with_cookie(to(begun.location.as_str()), kept::pending_cookie(&web, &begun.pending))),
        Err(error) => failed(visit, error).await,
    }
}

async fn failed(visit: &mut Visit<'_>, error: SignInError) -> Answer {
    let (status, text) = match error {
        SignInError::Again(_) => (StatusCode::UNPROCESSABLE_ENTITY, "You were not signed in. Try again"),
        SignInError::NotAllowed(_) => (
            StatusCode::FORBIDDEN,
            "Your account may not use this service. Ask your registration authority which activities your role has",
        ),
        SignInError::Away(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Signing in does not work at the moment. Try again in a few minutes")
        }
        SignInError::Forged(how) => {
            let _ = guard::forged(how);
            (StatusCode::FORBIDDEN, "The sign-in was not in order. Begin again from this page")
        }
    };
    let answer = sign_in_page(visit, status, Faults::default().with("issuer", text)).await?;
    Ok(with_cookie(answer, kept::no_cookie(kept::PENDING)))
}

/// Takes the browser in again.
pub(super) async fn callback(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    let Some(pending) = kept::pending(&web, visit.headers) else {
        return failed(visit, SignInError::Again("no-cookie")).await;
    };
    let query = visit.input.query.clone();
    let callback = match Callback::parse(&query) {
        Ok(callback) => callback,
        Err(error) => return failed(visit, error).await,
    };
    match web.sign_ins.finish(&pending, &callback, visit.now).await {
        Ok(who) => {
            let back = pending.return_path().as_str().to_owned();
            let answer = begin(visit, who, None, &back).await?;
            Ok(with_cookie(answer, kept::no_cookie(kept::PENDING)))
        }
        Err(error) => failed(visit, error).await,
    }
}

/// Begins a session. One that the browser had ends: nobody goes on in a session that somebody else put there.
async fn begin(visit: &mut Visit<'_>, who: SignedIn, reason: Option<String>, back: &str) -> Answer {
    let web = visit.door.web.clone();
    if let Some(found) = visit.found.take() {
        sessions::end(&web.service, &found.session.secret).await?;
    }
    let mut kept = Kept::new(&web, who);
    kept.reason = reason;
    if let Some(one) = web.sign_ins.of(&kept.who.issuer) {
        kept.origins = one.origins(visit.now).await;
    }
    let Kept { who, .. } = &kept;
    let owner = Owner { issuer: &who.issuer, subject: &who.subject, sid: who.sid.as_deref() };
    let session = sessions::begin(&web.service, owner, kept.to_bytes(), web.lifetime).await?;
    let next = next_step(&kept, kept.caller(&web).as_deref(), back);
    Ok(with_cookie(to(&next), kept::session_cookie(&session)))
}

/// Where somebody goes who signed in: to choose a role, to begin a shift, or to where they wanted.
fn next_step(kept: &Kept, caller: Option<&Caller>, back: &str) -> String {
    match caller {
        None => paths::ROLE.to_owned(),
        Some(caller) if (caller.rights.view || caller.rights.view_silently) && kept.reason.is_none() => {
            paths::SHIFT.to_owned()
        }
        Some(caller) if back == paths::HOME => first_page(caller).unwrap_or(paths::ROLE).to_owned(),
        Some(_) => back.to_owned(),
    }
}

/// An issuer says that sessions of its own have ended.
pub(super) async fn back_channel(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    let token = visit.field("logout_token").to_owned();
    let mut answer = match web.sign_ins.log_out(token.as_bytes(), visit.now).await {
        Ok(of) => {
            // Ended first: a message whose answer was lost is sent again.
            if let Some(sid) = &of.sid {
                sessions::end_of_sid(&web.service, &of.issuer, sid).await?;
            } else if let Some(subject) = &of.subject {
                sessions::end_of_subject(&web.service, &of.issuer, subject).await?;
            }
            if sessions::use_once(&web.service, &["logout", &of.issuer, &of.jti], of.expires).await? {
                StatusCode::OK.into_response()
            } else {
                let _ = guard::forged("logout-replayed");
                StatusCode::BAD_REQUEST.into_response()
            }
        }
        Err(SignInError::Away(_)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

pub(super) fn break_glass_form(visit: &Visit<'_>) -> Answer {
    if !visit.web().break_glass {
        return Err(Stop::Say(What::NotFound));
    }
    let page = BreakGlass { page: visit.frame(Section::Elsewhere), name: String::new(), faults: Faults::default() };
    rendered(StatusCode::OK, &page)
}

/// Signs in by an emergency account. Each use is alarmed, and stands in the journal before anything is given.
pub(super) async fn break_glass(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    if !web.break_glass {
        return Err(Stop::Say(What::NotFound));
    }
    let (name, now) = (visit.field("name").trim().to_owned(), visit.now);
    let (password, code) = (visit.field("password"), visit.field("code"));
    if let Some(who) = accounts::attempt(&web.service, &name, password, code, now).await? {
        let kept = Kept::new(&web, (*who).clone());
        let placed = || kept.places(&web).pop().map(|place| place.caller.into());
        let Some(caller) = kept.caller(&web).or_else(placed) else { return Err(Stop::Say(What::NotAllowed)) };
        metrics::counter!("cpis_break_glass_total", "outcome" => "used").increment(1);
        tracing::error!(organisation = %caller.organisation.code, "an emergency account was used");
        sessions::record_break_glass(&web.service, caller, "emergency account".to_owned()).await?;
        return begin(visit, *who, Some("emergency".to_owned()), paths::HOME).await;
    }
    metrics::counter!("cpis_break_glass_total", "outcome" => "refused").increment(1);
    tracing::warn!("an attempt with an emergency account was refused");
    let faults = Faults::default().with("name", "The name, password or code is wrong");
    let page = BreakGlass { page: visit.frame(Section::Elsewhere), name, faults };
    rendered(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

pub(super) fn role_form(visit: &Visit<'_>) -> Answer {
    let opens_nothing = visit.caller.as_deref().is_some_and(|caller| first_page(caller).is_none());
    let faults = Faults::default();
    role_page(visit, StatusCode::OK, if opens_nothing { faults.with("role", OPENS_NOTHING) } else { faults })
}

fn role_page(visit: &Visit<'_>, status: StatusCode, faults: Faults) -> Answer {
    let found = visit.found()?;
    let choice = |placed: &Placed| {
        let caller = &placed.caller;
        let setting = caller.site.as_ref().map_or("No registered site", |site| site.setting.name());
        let tells = match may(caller, Action::View(Declared::Nothing), Subject::AnyChild) {
            Decision::Allowed(Mode::Notifying) => format!("{setting}. Opening a record tells the authority."),
            Decision::Allowed(Mode::Silent) => format!("{setting}. Opening a record does not tell the authority."),
            Decision::Refused(_) => String::new(),
        };
        Choice::new(placed.value(), format!("{}, {}", role_of(caller), place_of(caller))).meaning(tells)
    };
    let roles: Vec<_> = found.kept.places(visit.web()).iter().map(choice).collect();
    if roles.is_empty() {
        return Err(Stop::Say(What::NotAllowed));
    }
    let chosen = found.kept.role.as_ref().map(|role| {
        let site = found.kept.site.clone().unwrap_or_default();
        format!("{role}@{site}")
    });
    let page = ChooseRole { page: visit.frame(Section::Elsewhere), roles, chosen: chosen.unwrap_or_default(), faults };
    rendered(status, &page)
}

/// Takes on a role. What was chosen must be one of the person's own; anything else was tampered with.
pub(super) async fn role(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    let found = visit.found()?.clone();
    let sent = visit.field("role").to_owned();
    if sent.is_empty() {
        let faults = Faults::default().with("role", "Choose the role that you work in now");
        return role_page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults);
    }
    let Some(placed) = found.kept.places(&web).into_iter().find(|placed| placed.value() == sent) else {
        return Err(guard::forged("role"));
    };
    let mut kept = found.kept;
    if kept.role.as_ref() != Some(&placed.role) || kept.site != placed.site.map(|site| site.to_string()) {
        // The reason belongs to the role.
        kept.reason = None;
    }
    kept.role = Some(placed.role);
    kept.site = placed.site.map(|site| site.to_string());
    renew(visit, kept, found.session).await
}

async fn renew(visit: &mut Visit<'_>, kept: Kept, session: sessions::Session) -> Answer {
    let web = visit.door.web.clone();
    let Some(session) = sessions::renew(&web.service, session, kept.to_bytes()).await? else {
        return Err(Stop::To(paths::SESSION_ENDED.to_owned()));
    };
    let next = next_step(&kept, kept.caller(&web).as_deref(), paths::HOME);
    Ok(with_cookie(to(&next), kept::session_cookie(&session)))
}

pub(super) fn shift_form(visit: &Visit<'_>) -> Answer {
    shift_page(visit, StatusCode::OK, Faults::default())
}

fn shift_page(visit: &Visit<'_>, status: StatusCode, faults: Faults) -> Answer {
    let caller = visit.caller()?;
    let own = caller.site.as_ref().map(|site| site.setting);
    let tells = may(&caller, Action::View(Declared::Nothing), Subject::AnyChild);
    let settings = view::settings(own, tells == Decision::Allowed(Mode::Notifying));
    let setting = own.map(|setting| setting.code().to_owned()).unwrap_or_default();
    let reason = visit.found()?.kept.reason.clone().unwrap_or_default();
    let page =
        Shift { page: visit.frame(Section::Elsewhere), reasons: view::reasons(), reason, settings, setting, faults };
    rendered(status, &page)
}

pub(super) async fn shift(visit: &mut Visit<'_>) -> Answer {
    let found = visit.found()?.clone();
    let caller = visit.caller()?;
    let reason = visit.field("reason").to_owned();
    if !view::reasons().iter().any(|known| known.value == reason) {
        let faults = Faults::default().with("reason", "Choose why you look people up");
        return shift_page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults);
    }
    // The site says which setting it is; the form only lets the person see and confirm it.
    let own = caller.site.as_ref().map_or("", |site| site.setting.code());
    if !own.is_empty() && visit.field("setting") != own {
        let faults = Faults::default().with("setting", "Confirm where you see people, or choose another place");
        return shift_page(visit, StatusCode::UNPROCESSABLE_ENTITY, faults);
    }
    let kept = Kept { reason: Some(reason), ..found.kept };
    renew(visit, kept, found.session).await
}

/// Signs out here, and at the issuer where that has a page for it; with `everywhere`, on all devices.
pub(super) async fn sign_out(visit: &mut Visit<'_>) -> Answer {
    let web = visit.door.web.clone();
    let found = visit.found()?.clone();
    let who = &found.kept.who;
    if visit.field("everywhere") == "yes" {
        sessions::end_of_subject(&web.service, &who.issuer, &who.subject).await?;
    } else {
        sessions::end(&web.service, &found.session.secret).await?;
    }
    let mut next = paths::SIGNED_OUT.to_owned();
    if let Some(one) = web.sign_ins.of(&who.issuer) {
        let back = format!("{}{}", web.base_url, paths::SIGNED_OUT).parse().ok();
        if let Some(url) = one.end_session_url(who.sid.as_deref(), back.as_ref(), visit.now).await {
            next = url.to_string();
        }
    }
    let mut answer = with_cookie(to(&next), kept::no_cookie(kept::SESSION));
    answer.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(answer)
}

/// Where an unused screen goes. A session that is used elsewhere in the same browser goes on; one that is not has ended by
/// itself.
pub(super) fn session_ended(visit: &mut Visit<'_>) -> Response {
    let is_used = visit.found.take().is_some();
    visit.caller = None;
    let answer = visit.message(What::SessionEnded);
    if is_used { answer } else { with_cookie(answer, kept::no_cookie(kept::SESSION)) }
}
