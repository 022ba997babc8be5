//! The demo's demographics: a PDS-like server on the sixth port after the service's, which the service asks as it asks the
//! real one: over HTTP, with a token for which it signs. Who is known there lies sealed in the demo's database.

use crate::fault::{Fault, Kind, Result};
use crate::open::{self, Opened};
use async_trait::async_trait;
use cpis_app::demographics::{Demographics, DemographicsFault, LocalRegister, Matches, Search};
use cpis_app::{Clock, SystemClock};
use cpis_model::Date;
use cpis_model::demographics::{Demographics as Person, Sex, Trace};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_day;
use cpis_outbound_pds::{MachineTime, Pds, Settings};
use cpis_testkit::pds::{Application, Away, Entry, Named, PdsServer, People, Security, Somebody, application_key};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The application as which the service is known there.
const API_KEY: &str = "the-demo";
/// The key with which it signs.
const KEY_ID: &str = "demo-1";
/// Requests a second: as many as the client takes, since nobody granted fewer.
const PER_SECOND: u32 = 10_000;
/// Requests at the same time.
const CONCURRENT: u32 = 64;

/// Starts the server, and makes the service's access to it.
pub async fn start(port: u16, opened: &Opened) -> Result<(PdsServer, Arc<dyn Demographics>)> {
    let port = if port == 0 { 0 } else { port.checked_add(6).unwrap_or(0) };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let key = application_key(KEY_ID).ok_or_else(|| Fault::failed("The demo's key for demographics is wrong"))?;
    let application = Application { api_key: API_KEY.to_owned(), key: key.public().clone() };
    let people = Sealed(LocalRegister::new(opened.store.clone(), opened.keys.clone()));
    let server = PdsServer::start_with(address, application, Some(Arc::new(people)), || SystemClock.now()).await;
    let server = server.map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
            _ => format!("{address} cannot be listened on: {error}"),
        };
        Fault::new(Kind::Address, what)
            .mend("Stop the other program, or change --port; demographics takes the sixth port after it.")
    })?;
    let settings = Settings {
        base_url: server.base_url(),
        token_url: server.token_url(),
        api_key: Zeroizing::new(API_KEY.to_owned()),
        key_id: KEY_ID.to_owned(),
        key: Zeroizing::new(key.private_pem()),
        organisation: None,
        per_second: PER_SECOND,
        concurrent: CONCURRENT,
        timeout: Duration::from_secs(5),
    };
    let time = Arc::new(MachineTime::new(Arc::new(SystemClock)));
    let pds = Pds::new(&settings, time, Arc::new(open::entropy()?));
    let pds = pds.map_err(|faults| Fault::failed(format!("The demo's demographics: {faults}")))?;
    Ok((server, Arc::new(pds)))
}

/// The people of the demo's sealed register, as PDS has them.
struct Sealed(LocalRegister);

fn somebody(person: &Person) -> Somebody {
    Somebody {
        gender: person.sex.map_or("unknown", cpis_format_fhir::pds::gender),
        security: if person.restricted { Security::Restricted } else { Security::Unrestricted },
        // The register knows that somebody died, not when.
        died: person.deceased.then(|| london_day(SystemClock.now())),
        ..Somebody::new(&person.name.given, &person.name.family, person.birth)
    }
}

fn away(_: DemographicsFault) -> Away {
    Away
}

#[async_trait]
impl People for Sealed {
    async fn of(&self, number: NhsNumber) -> Result<Option<Entry>, Away> {
        let traced = self.0.trace(&[number]).await.map_err(away)?;
        Ok(traced.first().and_then(|trace| match trace {
            Trace::Found(person) => Some(Entry::Person(somebody(person))),
            Trace::Superseded(new) => Some(Entry::Superseded(*new)),
            Trace::Incomplete { .. } | Trace::Unknown => None,
        }))
    }

    async fn named(&self, family: &str, birth: Date, gender: Option<&str>) -> Result<Named, Away> {
        let mut found: Option<(NhsNumber, Somebody)> = None;
        // The register is asked for one sex at a time, and finds those whose sex is not known each time.
        for sex in Sex::ALL {
            let who = Search { family: family.to_owned(), birth, sex };
            let Matches::People(people) = self.0.search(&who).await.map_err(away)? else { return Ok(Named::Many) };
            let people = people.into_iter().map(|(number, person)| (number, somebody(&person)));
            for (number, person) in people.filter(|(_, person)| gender.is_none_or(|gender| gender == person.gender)) {
                match &found {
                    Some((known, _)) if *known != number => return Ok(Named::Many),
                    _ => found = Some((number, person)),
                }
            }
        }
        Ok(found.map_or(Named::Nobody, |(number, person)| Named::One(number, person)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_app::demographics::RegisterEntry;
    use cpis_app::people::Keys;
    use cpis_app::ring::KeyRing;
    use cpis_model::name::PersonName;
    use cpis_store_sqlite::SqliteStore;

    async fn sealed(entries: &[RegisterEntry]) -> Sealed {
        let entropy = Arc::new(open::entropy().unwrap());
        let ring = Arc::new(KeyRing::generate("demo.localhost/log", &*entropy).unwrap());
        let register = LocalRegister::new(Arc::new(SqliteStore::open_memory().unwrap()), Keys { ring, entropy });
        register.put(entries).await.unwrap();
        Sealed(register)
    }

    fn entry(number: &str, given: &str, sex: Option<Sex>) -> RegisterEntry {
        let (name, birth) = (PersonName::new(given, "Testcase"), "2017-04-04".parse().unwrap());
        let person = Person { name, birth, restricted: false, deceased: false, sex };
        RegisterEntry { number: number.parse().unwrap(), person: Some(person), superseded_by: None }
    }

    #[tokio::test]
    async fn the_sealed_register_is_drawn_as_pds_draws_it() {
        let hidden = |mut entry: RegisterEntry| {
            entry.person = entry.person.map(|person| Person { restricted: true, deceased: true, ..person });
            entry
        };
        let (robin, kim) = ("9990000018", "9990000026");
        let replaced =
            RegisterEntry { number: "9990000034".parse().unwrap(), person: None, superseded_by: kim.parse().ok() };
        let people = [entry(robin, "Robin", Some(Sex::Female)), hidden(entry(kim, "Kim", None)), replaced];
        let register = sealed(&people).await;
        let of = async |number: &str| register.of(number.parse().unwrap()).await.unwrap();
        let Some(Entry::Person(person)) = of(robin).await else { unreachable!() };
        assert_eq!((&*person.given, person.gender, person.security), ("Robin", "female", Security::Unrestricted));
        let Some(Entry::Person(person)) = of(kim).await else { unreachable!() };
        assert!(person.security == Security::Restricted && person.died.is_some() && person.gender == "unknown");
        assert!(matches!(of("9990000034").await, Some(Entry::Superseded(new)) if new.digits() == kim));
        assert!(of("9990000042").await.is_none());

        let named = async |gender| register.named("testcase", "2017-04-04".parse().unwrap(), gender).await.unwrap();
        assert!(matches!(named(Some("female")).await, Named::One(number, _) if number.digits() == robin));
        assert!(matches!(named(Some("male")).await, Named::Nobody), "who has no sex there is found without one");
        assert!(matches!(named(None).await, Named::Many));
    }
}
