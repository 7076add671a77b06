# Findings of powersync-jwks as GitLab's code-quality report: powersync-jwks check --format json | jq -f code-quality.jq
[.files[] | .config as $path
  | (.error // empty | {rule: "unreadable", severity: "error", message: ., start: null, key: null}), .findings[]
  | {
      description: "\(.message). \(.help // "")",
      check_name: .rule,
      fingerprint: ([$path, .rule, .key // "", .message] | map(@base64) | join(".")),
      severity: {error: "critical", warning: "major", info: "info"}[.severity],
      location: {path: $path, lines: {begin: (.start.line // 1)}}
    }]
