//! Passwords, hashes and accounts; all of them invented.

use super::*;
use cpis_model::register::Register;

const PASSWORD: &str = "correct horse battery";
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn account(activities: &str) -> Result<LocalAccount, String> {
    let hash = hash_password(PASSWORD, [7; 16]).unwrap();
    let text = format!(
        "id = \"night-1\"\nname = \"Ms Nadia Sample\"\norganisation = \"RJ1\"\nsites = [\"RJ122\"]\n\
         activities = {activities}\npassword = \"{hash}\"\ntotp = \"{SECRET}\"\n"
    );
    toml::from_str(&text).map_err(|error| error.to_string())
}

#[test]
fn a_password_is_known_by_its_hash_and_no_other_is() {
    let hash = hash_password(PASSWORD, [7; 16]).unwrap();
    assert!(hash.to_string().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_ne!(hash, hash_password(PASSWORD, [8; 16]).unwrap());
    assert!(verify_password(PASSWORD, Some(&hash)));
    for wrong in ["", "correct horse batter", "Correct horse battery", &"a".repeat(PASSWORD_BYTES_MAX + 1)] {
        assert!(!verify_password(wrong, Some(&hash)));
    }
    assert!(!verify_password(PASSWORD, None));
    assert_eq!(hash_password("eleven char", [7; 16]), Err(LocalError::Password));
    assert_eq!(hash_password(&"a".repeat(PASSWORD_BYTES_MAX + 1), [7; 16]), Err(LocalError::Password));
}

#[test]
fn a_hash_weaker_or_dearer_than_ours_is_refused() {
    let hash = hash_password(PASSWORD, [7; 16]).unwrap().to_string();
    assert!(hash.parse::<PasswordHash>().is_ok());
    for other in [
        hash.replace("argon2id", "argon2i"),
        hash.replace("m=19456", "m=8"),
        hash.replace("m=19456", "m=4294967295"),
        hash.replace("t=2", "t=1"),
        hash.rsplit_once('$').unwrap().0.to_owned(),
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
        PASSWORD.to_owned(),
        String::new(),
    ] {
        assert_eq!(other.parse::<PasswordHash>(), Err(LocalError::Hash), "{other}");
    }
}

#[test]
fn password_and_code_make_a_caller_once() {
    let account = account("[\"view\"]").unwrap();
    let now = Timestamp::from_second(1_111_111_109).unwrap();
    assert_eq!(account.accepts(PASSWORD, "081804", None, now), Some(37_037_036));
    assert_eq!(account.accepts(PASSWORD, "081804", Some(37_037_036), now), None);
    assert_eq!(account.accepts(PASSWORD, "081805", None, now), None);
    assert_eq!(account.accepts("another password", "081804", None, now), None);
    let signed_in = account.signed_in(now);
    let register = Register::built_in();
    let role = signed_in.settled().unwrap();
    let caller = signed_in.caller(&role.id, None, &register).unwrap();
    assert_eq!((caller.place().as_str(), caller.organisation.code.as_str()), ("RJ122", "RJ1"));
    assert!(caller.rights.view && !caller.rights.privacy && caller.rights.authority.is_none());
    assert_eq!(SignedIn::from_bytes(&signed_in.to_bytes()), Some(signed_in));
}

#[test]
fn an_account_is_read_strictly_and_never_shown() {
    assert!(account("[]").unwrap_err().contains("may do nothing"));
    assert!(account("[\"edit\"]").unwrap_err().contains("edit"));
    let good = account("[\"view\", \"operator\"]").unwrap();
    let text = toml::to_string(&good).unwrap();
    assert_eq!(toml::from_str::<LocalAccount>(&text).unwrap(), good);
    for (from, to) in [
        ("id = \"night-1\"", "id = \"night 1\""),
        ("name = \"Ms Nadia Sample\"", "name = \" \""),
        ("organisation = \"RJ1\"", "organisation = \"?\""),
        (SECRET, "GEZD"),
        ("id =", "admin = true\nid ="),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(toml::from_str::<LocalAccount>(&text.replace(from, to)).is_err(), "{to}");
    }
    let shown = format!("{good:?} {:?}", good.signed_in(Timestamp::UNIX_EPOCH));
    for secret in ["night-1", "Nadia", SECRET, "argon2id"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
