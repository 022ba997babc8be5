//! Where people go: the sites of each setting that are near an authority, of the register that comes with the product.

use crate::published::{AuthorityFigures, Draw, PUBLISHED, rows};
use cpis_model::organisation::Site;
use cpis_model::register::Register;
use cpis_model::setting::Setting;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// A provider's own code stands for its emergency department and weighs more than one of its many sites.
const OWN_CODE_WEIGHT: u64 = 5;

/// Sites of the register, for each authority and setting.
pub(crate) struct Catchments {
    near: HashMap<(usize, Setting), Draw<Arc<Site>>>,
    region: HashMap<(Arc<str>, Setting), Draw<Arc<Site>>>,
}

pub(crate) static CATCHMENTS: LazyLock<Catchments> = LazyLock::new(read);

/// What the register calls the places where patients of a setting are seen: few settings have sites of their own there.
const PLACES: [(&str, &[&str]); 8] = [
    ("U01", &["U01"]),
    ("U02", &["U02", "U01"]),
    ("U03", &["U03", "U02", "U01"]),
    ("U04", &["U04", "U02", "U01"]),
    ("U05", &["U01"]),
    ("U06", &["U01"]),
    ("U07", &["U07"]),
    ("U08", &["U07"]),
];

impl Catchments {
    pub(crate) fn near(&self, authority: usize, setting: Setting) -> Option<&Draw<Arc<Site>>> {
        self.near.get(&(authority, setting))
    }

    pub(crate) fn region(&self, region: &Arc<str>, setting: Setting) -> Option<&Draw<Arc<Site>>> {
        self.region.get(&(region.clone(), setting))
    }
}

fn read() -> Catchments {
    let register = Register::built_in();
    let mut sites: HashMap<String, Vec<Arc<Site>>> = HashMap::new();
    for row in rows(include_str!("../data/site_areas.csv")) {
        let site = row.get(0).and_then(|code| code.parse().ok()).and_then(|code| register.site(code));
        if let (Some(site), Some(area)) = (site, row.get(1)) {
            sites.entry(area.to_owned()).or_default().push(Arc::new(site.clone()));
        }
    }
    let mut catchments = Catchments { near: HashMap::new(), region: HashMap::new() };
    for (code, places) in PLACES {
        let Ok(setting) = code.parse::<Setting>() else { continue };
        let of = |areas: &[String]| -> Vec<Arc<Site>> {
            let all = || areas.iter().filter_map(|area| sites.get(area)).flatten();
            let found =
                places.iter().map(|place| all().filter(|site| site.setting.code() == *place).cloned().collect());
            found.into_iter().find(|found: &Vec<_>| !found.is_empty()).unwrap_or_default()
        };
        for (n, authority) in PUBLISHED.authorities.iter().enumerate() {
            let same = PUBLISHED.authorities.iter().filter(|other| other.region == authority.region);
            let areas: Vec<String> = same.flat_map(|other| other.areas.iter().cloned()).collect();
            let region = if places.contains(&"U07") { ambulance(authority, &register) } else { of(&areas) };
            let near = if places.contains(&"U07") { region.clone() } else { of(&authority.areas) };
            let near = if near.is_empty() { region.clone() } else { near };
            catchments.near.insert((n, setting), weighed(near));
            catchments.region.entry((authority.region.clone(), setting)).or_insert_with(|| weighed(region));
        }
    }
    catchments
}

fn ambulance(authority: &AuthorityFigures, register: &Register) -> Vec<Arc<Site>> {
    let code = authority.ambulance.parse().ok();
    code.and_then(|code| register.site(code)).map(|site| Arc::new(site.clone())).into_iter().collect()
}

fn weighed(sites: Vec<Arc<Site>>) -> Draw<Arc<Site>> {
    Draw::of(sites.into_iter().map(|site| {
        let weight = if site.code == site.organisation { OWN_CODE_WEIGHT } else { 1 };
        (site, weight)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_authority_has_somewhere_to_go_in_every_setting() {
        for (n, authority) in PUBLISHED.authorities.iter().enumerate() {
            for (setting, _) in PLACES {
                let setting = setting.parse().unwrap();
                for sites in [CATCHMENTS.near(n, setting), CATCHMENTS.region(&authority.region, setting)] {
                    assert!(sites.is_some_and(|sites| sites.items().count() > 0), "{} {setting:?}", authority.name);
                }
            }
        }
    }

    #[test]
    fn every_site_of_the_register_has_its_area() {
        let known: Vec<String> =
            rows(include_str!("../data/site_areas.csv")).map(|row| row.get(0).unwrap().to_owned()).collect();
        for site in Register::built_in().sites() {
            assert!(known.iter().any(|code| code == site.code.as_str()), "{}", site.code);
        }
    }
}
