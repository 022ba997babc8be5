//! Load driver: what the disk and a bare route give on this machine in this minute, and what the service gives beside them.
//!
//! To reproduce: `cargo xtask bench` on an idle machine (about 25 minutes, 4 GB in the target folder or `--folder`, on a real disk);
//! `cargo xtask bench -- --quick` for a first look. It builds `cpis`, fills it through its own doors, and fails only when a floor is
//! missed or counts disagree. `--database postgres` starts a server of its own and runs `pgbench` beside the service.
//! A hospital's gateway is measured at the end, or alone with `--only gateway`. `--only scale`, which is asked for by name, compares two
//! services of which one has a hundred times the data of the other. `--before FILE` compares two builds: the program in the file and this one.
//! `CARGO_BIN` names another binary, `--only` one scenario, `--out` a file for all figures.
//!
//! Only ratios of one run mean anything: machines are shared. Reading order: [`scenarios`], [`world`], [`history`], [`nation`], [`scale`], [`builds`], [`side`],
//! [`database`], [`serving`],
//! [`judge`], [`limits`]; beneath them [`settings`], [`rounds`], [`load`], [`pgbench`], [`table`].
//! It leaves out TLS, HTTP/2 and open-loop arrival: a connection asks again when it is answered.

pub mod bare;
pub mod builds;
pub mod commit;
pub mod database;
pub mod drive;
pub mod gateway;
pub mod history;
pub mod judge;
pub mod limits;
pub mod load;
pub mod nation;
pub mod pgbench;
pub mod probe;
pub mod process;
pub mod request;
pub mod response;
pub mod rounds;
pub mod scale;
pub mod scenarios;
pub mod serving;
pub mod settings;
pub mod side;
pub mod small;
pub mod table;
pub mod world;
