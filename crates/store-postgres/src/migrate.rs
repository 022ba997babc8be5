//! Bringing a database to the schema that this program knows.

use crate::connection::{Connection, Connector};
use crate::options::{Options, unavailable};
use crate::schema::MIGRATIONS;
use crate::told::told;
use cpis_store::StoreError;
use cpis_store::migrations::{Migrated, Migration, Stamp, due, newest};
use std::time::Duration;

/// How long to wait for another node that migrates, and for a migration itself.
const WITHIN: Duration = Duration::from_mins(30);

/// Makes the schema, or brings it to what this program knows, and says which steps that took; with `dry_run` nothing is changed.
///
/// Run it as the role that owns the tables: it may create a schema in the database, and the service's role unless that is there.
/// Of several nodes that start it at once one does it and the others wait and find nothing to do.
///
/// [`StoreError::SchemaNewer`]: a newer program made the schema, and it does not serve this one. [`StoreError::Unavailable`]: among
/// others, a node works on the database, and the new schema would not serve it.
pub async fn migrate(options: &Options, dry_run: bool) -> Result<Migrated, StoreError> {
    let connector = Connector::new(options.clone())?;
    let connection = connector.connect(None).await?;
    let done = tokio::time::timeout(WITHIN, under_lock(&connection, options, dry_run)).await;
    connection.close(options.connect_timeout).await;
    done.map_err(|_| unavailable("a migration took too long"))?
}

async fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.client.batch_execute(sql).await.map_err(|error| told(&error))
}

async fn under_lock(connection: &Connection, options: &Options, dry_run: bool) -> Result<Migrated, StoreError> {
    run(connection, "-- migrate.wait\nSET statement_timeout = 0; SET lock_timeout = 0").await?;
    if !dry_run {
        // Held until the connection ends.
        run(connection, "-- migrate.lock\nSELECT pg_advisory_lock(1129335123, 1)").await?;
    }
    let found = found(connection).await?;
    let steps = due(found, MIGRATIONS)?;
    if !dry_run {
        if let Some(stamp) = found
            && steps.iter().any(|step| step.serves > stamp.version)
            && is_used(connection).await?
        {
            return Err(unavailable("a node works on it that the newer schema does not serve: stop every node first"));
        }
        for migration in steps {
            apply(connection, options, migration).await?;
        }
    }
    let from = found.map_or(0, |stamp| stamp.version);
    let to = if steps.is_empty() { from } else { newest(MIGRATIONS) };
    Ok(Migrated { from, to, steps: steps.iter().collect(), backup: None })
}

/// Whether a node leads: of several that work one always does.
async fn is_used(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "-- migrate.used\nSELECT EXISTS (SELECT FROM lease WHERE until > clock_timestamp())";
    let row = connection.client.query_one(sql, &[]).await.map_err(|error| told(&error))?;
    row.try_get(0).map_err(|error| told(&error))
}

async fn found(connection: &Connection) -> Result<Option<Stamp>, StoreError> {
    let row = connection
        .client
        .query_one("-- migrate.there\nSELECT to_regclass('schema_version') IS NOT NULL", &[])
        .await
        .map_err(|error| told(&error))?;
    if !row.try_get::<_, bool>(0).map_err(|error| told(&error))? {
        return Ok(None);
    }
    let sql = "-- migrate.version\nSELECT version, serves FROM schema_version ORDER BY version DESC LIMIT 1";
    let row = connection.client.query_opt(sql, &[]).await.map_err(|error| told(&error))?;
    let Some(row) = row else { return Ok(None) };
    let number = |column| {
        let number: Option<i64> = row.try_get(column).ok();
        number.and_then(|number| u32::try_from(number).ok())
    };
    let stamp = number(0).zip(number(1)).map(|(version, serves)| Stamp { version, serves });
    stamp.map(Some).ok_or_else(|| StoreError::Corrupt("schema_version".into()))
}

/// One migration with its row, in one transaction.
async fn apply(connection: &Connection, options: &Options, migration: &Migration) -> Result<(), StoreError> {
    // Both names were found to be plain.
    let (schema, service) = (format!("\"{}\"", options.schema), format!("\"{}\"", options.service_role));
    let first = if migration.version == 1 {
        format!(
            "CREATE SCHEMA IF NOT EXISTS {schema};\n\
             CREATE TABLE schema_version (version bigint PRIMARY KEY, serves bigint NOT NULL, name text NOT NULL, \
             applied_at timestamptz NOT NULL DEFAULT clock_timestamp());\n\
             DO $$ BEGIN CREATE ROLE {service} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n"
        )
    } else {
        String::new()
    };
    let Migration { version, serves, name, sql } = migration;
    let sql = sql.replace("@schema@", &schema).replace("@service@", &service);
    let all = format!(
        "-- migrate.apply\nBEGIN;\n{first}{sql}\n\
         INSERT INTO schema_version (version, serves, name) VALUES ({version}, {serves}, '{name}');\nCOMMIT"
    );
    let done = run(connection, &all).await;
    if done.is_err() {
        let _ = run(connection, "-- migrate.rollback\nROLLBACK").await;
    }
    done
}
