//! `cpis mesh-agent`: the agent of an authority without MESH software, with its status page.

use crate::cli::{self, MeshAgentAction};
use crate::config::{self, MeshAgent};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::places::Places;
use crate::running::{listen, metrics_text};
use crate::{logs, metric_table, say, serve, signals};
use cpis_app::SystemClock;
use cpis_inbound_http::Limits;
use cpis_mesh_agent::{Agent, AgentError};
use cpis_outbound_mesh::Mesh;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::watch;

/// Seconds for answers that are on their way when the agent ends.
const DRAIN_SECONDS: u64 = 2;

/// Does what was asked.
pub async fn run(arguments: &cli::MeshAgent) -> Result<ExitCode> {
    if arguments.action == Some(MeshAgentAction::Config) {
        say::text(config::agent_printed());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(path) = &arguments.config else {
        return Err(Fault::new(Kind::Usage, "Say which configuration: --config FILE")
            .mend("cpis mesh-agent config prints one."));
    };
    let mut stop = signals::watch()?;
    let config = MeshAgent::read(path)?;
    logs::start(&config.logs);
    let mesh = Arc::new(client(&config)?);
    let places = Places::in_folder(&config.data_dir);
    places.create()?;
    let lock = places.lock()?;
    let to = config.to.parse().or_fault(Kind::Configuration, "`to`")?;
    let settings = config.choices(mesh.mailbox().clone(), to);
    let agent = Agent::open(settings, mesh.clone(), Arc::new(SystemClock)).map_err(|error| fault(&config, &error))?;
    if arguments.action == Some(MeshAgentAction::Check) {
        return check(&config, &mesh).await;
    }
    let agent = Arc::new(agent);
    let metrics = metrics_text(metric_table::describe_agent)?;
    let listener = listen(config.status_listen, "`status_listen` in the configuration").await?;
    let address = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let (end, ended) = watch::channel(false);
    let working = tokio::spawn(cpis_mesh_agent::run(agent.clone(), ended.clone()));
    let router = cpis_mesh_agent::router(agent, Arc::new(move || metrics.render()));
    let limits = Limits { drain_seconds: DRAIN_SECONDS, ..Limits::default() };
    let page = tokio::spawn(cpis_inbound_http::serve(listener, None, router, limits, ended));
    say::line(format_args!("Sending what lies in {}", config.folder.join("OUT").display()));
    say::line(format_args!("Status page on http://{address}"));
    signals::asked(&mut stop).await;
    let _ = end.send(true);
    let _ = working.await;
    let _ = page.await;
    drop(lock);
    say::line("Ended. What was begun is finished at the next start.");
    Ok(ExitCode::SUCCESS)
}

fn client(config: &MeshAgent) -> Result<Mesh> {
    let mailbox = config.mailbox.parse().or_fault(Kind::Configuration, "`mailbox`")?;
    serve::mesh_client(&config.server, mailbox)
}

fn fault(config: &MeshAgent, error: &AgentError) -> Fault {
    match error {
        AgentError::Folder { .. } => {
            let what = format!("The folder {} cannot be used: {error}", config.folder.display());
            Fault::new(Kind::Data, what).mend("The user that runs the agent must be able to write each folder in it.")
        }
        AgentError::Journal(_) | AgentError::Version(_) => {
            Fault::new(Kind::Data, format!("The agent's data in {}: {error}", config.data_dir.display()))
        }
        AgentError::Mesh(error) => Fault::failed(error.to_string()),
    }
}

/// Says hello and looks into the mailbox.
async fn check(config: &MeshAgent, mesh: &Mesh) -> Result<ExitCode> {
    say::line(format_args!("The folders in {} can be used.", config.folder.display()));
    let what = format!("The mailbox {} on {}", mesh.mailbox(), config.server.url);
    mesh.handshake().await.or_fault(Kind::Failed, &what)?;
    let waiting = mesh.inbox().await.or_fault(Kind::Failed, &what)?.len();
    say::line(format_args!("{what} lets us in; {waiting} messages wait there."));
    Ok(ExitCode::SUCCESS)
}
