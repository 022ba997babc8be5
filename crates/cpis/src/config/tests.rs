//! Every fault of a configuration with its words, and the samples of the documentation.

use super::*;
use std::collections::BTreeMap;

fn faults(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.toml");
    std::fs::write(&path, text).unwrap();
    let fault = Config::read(&path).unwrap_err();
    assert_eq!(fault.kind, Kind::Configuration);
    assert!(fault.mend.contains("cpis config"));
    fault.what.rsplit("cpis.toml: ").next().unwrap().to_owned()
}

#[test]
fn an_unknown_setting_is_named_with_its_line() {
    let told = faults("listen = \"127.0.0.1:1\"\n\nlisen = 5\n");
    assert!(told.starts_with("line 3: unknown setting `lisen`, expected one of `listen`"), "{told}");
    let told = faults("[recorder]\nqueue = 5\n");
    assert!(told.starts_with("line 2: unknown setting `queue`"), "{told}");
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    for (text, line) in [
        ("listen = \"here\"\n", 1),
        ("\nreaders = -1\n", 2),
        ("readers = \"many\"\n", 1),
        ("[logs]\nformat = \"xml\"\n", 2),
        ("test_numbers = 1\n", 1),
        ("data_dir = \n", 1),
    ] {
        let told = faults(text);
        assert!(told.starts_with(&format!("line {line}: ")), "{text}: {told}");
    }
}

#[test]
fn what_does_not_go_together_is_said_all_at_once() {
    let told = faults(
        "listen = \"0.0.0.0:443\"\nreaders = 0\nbase_url = \"cpis.example\"\n\
         [register]\nsites = \"s.csv\"\n[[issuer]]\n[recorder]\ngroup_max = 0\n",
    );
    for words in [
        "personal data must not travel in the clear",
        "`readers` must be 1 to 64",
        "`base_url` must be",
        "both `authorities` and `sites`",
        "needs `mapping`",
        "`recorder.group_max` must be",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(faults("[tls]\ncertificate = \"c.pem\"\n").contains("[tls] needs"));
    assert!(faults("inside_listen = \"127.0.0.1:8080\"\n").contains("must differ"));
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| Config::read(path).unwrap_err().what;
    assert!(told(&folder.path().join("none.toml")).ends_with("there is no such file"));
    assert!(told(folder.path()).ends_with("it is not a file"));
    let path = folder.path().join("bytes.toml");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(told(&path).ends_with("it is not UTF-8 text"));
}

#[test]
fn plain_http_is_for_loopback_or_behind_a_proxy() {
    let check = |text: &str| Config::parse(text).unwrap().check();
    assert!(check("listen = \"[::1]:8080\"").is_empty());
    assert!(check("listen = \"0.0.0.0:8080\"\nbehind_proxy = true").is_empty());
    assert!(check("listen = \"0.0.0.0:8080\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"").is_empty());
    assert_eq!(check("listen = \"0.0.0.0:8080\"").len(), 1);
}

#[test]
fn relative_paths_begin_at_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpis.toml");
    std::fs::write(&path, "data_dir = \"data\"\nkey_ring = \"/keys/ring\"\n[[issuer]]\nmapping = \"i.toml\"\n")
        .unwrap();
    let config = Config::read(&path).unwrap();
    assert_eq!(config.data_dir, folder.path().join("data"));
    assert_eq!(config.key_ring.as_deref(), Some(Path::new("/keys/ring")));
    assert_eq!(config.issuer[0].mapping, folder.path().join("i.toml"));
}

#[test]
fn what_pds_needs_is_asked_for_only_where_it_is_used() {
    let told = faults("[demographics]\nsource = \"pds\"\nbase_url = \"http://pds.example\"\ntest_number = \"123\"\n");
    for words in [
        "`demographics.base_url` must be an https address",
        "needs `token_url`, `api_key_file`, `key_id`, `key_file`",
        "`demographics.test_number` must be an NHS number",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = faults("[demographics]\nconcurrent = 1\nrequests_per_second = 0\ntimeout_ms = 5\n");
    for name in ["concurrent", "requests_per_second", "timeout_ms"] {
        assert!(told.contains(&format!("`demographics.{name}` must be")), "{told}");
    }
    let told = faults("[demographics]\nsource = \"elsewhere\"\n");
    assert!(told.starts_with("line 2: "), "{told}");
    let text = "[demographics]\nbase_url = \"http://pds.example\"\n";
    assert_eq!(Config::parse(text).unwrap().check(), Vec::<String>::new(), "not used, not judged");
}

#[test]
fn the_samples_are_configurations() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples");
    let mut kinds = BTreeMap::new();
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "mesh-agent.toml" || path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let config = Config::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(config.check(), Vec::<String>::new(), "{name}");
        assert!(!config.issuer.is_empty() && !config.test_numbers, "{name}");
        assert!(config.base_url.is_some() && config.checkpoint_file.is_some(), "{name}");
        kinds.insert(name, config.postgres.is_some());
    }
    let expected = [
        ("nation.toml", true),
        ("one-box.toml", false),
        ("one-trust.toml", false),
        ("region.toml", true),
        ("with-mesh.toml", false),
        ("with-pds.toml", false),
        ("with-soap.toml", false),
    ];
    assert_eq!(kinds, expected.map(|(name, server)| (name.to_owned(), server)).into());
}
