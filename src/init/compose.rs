//! The Compose file of a new config: the service, and the storage database it needs.

use super::config::STORAGE_HOST;
use super::options::{ConfigOptions, FileLayout, Storage};
use super::variables::STORAGE_PASSWORD;

/// The whole file.
pub(super) fn text(options: &ConfigOptions) -> String {
    let name = match options.layout {
        FileLayout::Service => String::new(),
        // As PowerSync's own command line names and finds it.
        FileLayout::Cli => format!("name: {}\n\n", options.project()),
    };
    format!(
        "# The PowerSync Service and its storage database, on one machine. What production needs:\n\
         # https://docs.powersync.com/maintenance-ops/self-hosting/deployment-architecture\n\n{name}{}",
        service_entry(options)
    )
}

/// What has to stand in a Compose file: services and the volume they need.
#[must_use]
pub(crate) fn service_entry(options: &ConfigOptions) -> String {
    let port = options.port;
    let (config, place) = match options.layout {
        FileLayout::Service => ("powersync.yaml", "."),
        FileLayout::Cli => ("service.yaml", ".."),
    };
    let (storage, data) = match options.storage {
        Storage::Mongodb => (mongodb(), "/data/db"),
        Storage::Postgresql => (postgresql(), "/var/lib/postgresql"),
    };
    format!(
        "\
services:
  powersync:
    image: journeyapps/powersync-service:latest
    command: ['start', '-r', 'unified']
    restart: unless-stopped
    # Passes all of its variables, so that a rotation needs no change here
    env_file: .env
    environment:
      POWERSYNC_CONFIG_PATH: /config/{config}
    volumes:
      - {place}/{config}:/config/{config}:ro
      - {place}/sync-config.yaml:/config/sync-config.yaml:ro
    ports:
      - '{port}:{port}'
    healthcheck:
      test:
        - CMD
        - node
        - -e
        - \"fetch('http://localhost:{port}/probes/liveness').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"
      interval: 5s
      timeout: 2s
      retries: 15
    depends_on:
      {STORAGE_HOST}:
        condition: service_healthy

  {STORAGE_HOST}:
    restart: unless-stopped
{storage}
    volumes:
      - {STORAGE_HOST}:{data}

volumes:
  {STORAGE_HOST}:
"
    )
}

fn mongodb() -> String {
    format!(
        "    image: mongo:8.0
    command: ['--replSet', 'rs0', '--bind_ip_all', '--quiet']
    healthcheck:
      # The first check makes it a replica set of one, which the service needs
      test:
        - CMD
        - mongosh
        - --quiet
        - --eval
        - |
          try {{ rs.status() }} catch {{
            rs.initiate({{ _id: 'rs0', members: [{{ _id: 0, host: '{STORAGE_HOST}:27017' }}] }})
          }}
          quit(db.hello().isWritablePrimary ? 0 : 1)
      interval: 5s
      timeout: 10s
      retries: 15"
    )
}

fn postgresql() -> String {
    format!(
        "    image: postgres:18
    environment:
      POSTGRES_USER: powersync
      POSTGRES_DB: powersync
      POSTGRES_PASSWORD: ${{{STORAGE_PASSWORD}:?}}
    healthcheck:
      test: ['CMD', 'pg_isready', '-U', 'powersync', '-d', 'powersync']
      interval: 5s
      timeout: 5s
      retries: 15"
    )
}
