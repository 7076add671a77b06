//! `sync-config.yaml`, to begin with.

pub(super) const TEXT: &str = "\
# yaml-language-server: $schema=https://unpkg.com/@powersync/service-sync-rules@latest/schema/sync_rules.json

# What each user may sync: https://docs.powersync.com/sync/streams/overview
config:
  edition: 3

streams:
  # An example: each user gets their own rows of a table `notes`. Put your tables here
  my_notes:
    auto_subscribe: true
    query: SELECT * FROM notes WHERE owner_id = auth.user_id()
";
